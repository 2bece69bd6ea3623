"""Bodies of the API, whatever fields they have."""

from pydantic import BaseModel, ConfigDict


class CompletionRequest(BaseModel):
    model_config = ConfigDict(extra="allow")


class CompletionResponse(BaseModel):
    model_config = ConfigDict(extra="allow")


class CompletionStreamResponse(BaseModel):
    model_config = ConfigDict(extra="allow")
