"""Bodies of the API, whatever fields they have."""

from pydantic import BaseModel, ConfigDict


class DetokenizeRequest(BaseModel):
    model_config = ConfigDict(extra="allow")


class DetokenizeResponse(BaseModel):
    model_config = ConfigDict(extra="allow")


class TokenizeChatRequest(BaseModel):
    model_config = ConfigDict(extra="allow")


class TokenizeCompletionRequest(BaseModel):
    model_config = ConfigDict(extra="allow")


class TokenizeResponse(BaseModel):
    model_config = ConfigDict(extra="allow")
