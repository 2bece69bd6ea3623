"""Bodies of the API, whatever fields they have."""

from pydantic import BaseModel, ConfigDict


class EmbeddingChatRequest(BaseModel):
    model_config = ConfigDict(extra="allow")


class EmbeddingCompletionRequest(BaseModel):
    model_config = ConfigDict(extra="allow")


class EmbeddingResponse(BaseModel):
    model_config = ConfigDict(extra="allow")
