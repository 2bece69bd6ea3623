"""Bodies of the API, whatever fields they have."""

from pydantic import BaseModel, ConfigDict


class ChatCompletionRequest(BaseModel):
    model_config = ConfigDict(extra="allow")


class ChatCompletionResponse(BaseModel):
    model_config = ConfigDict(extra="allow")


class ChatCompletionStreamResponse(BaseModel):
    model_config = ConfigDict(extra="allow")
