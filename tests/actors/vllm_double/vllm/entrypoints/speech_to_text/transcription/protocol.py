"""Bodies of the API, whatever fields they have."""

from pydantic import BaseModel, ConfigDict


class TranscriptionRequest(BaseModel):
    model_config = ConfigDict(extra="allow")


class TranscriptionResponse(BaseModel):
    model_config = ConfigDict(extra="allow")


class TranscriptionStreamResponse(BaseModel):
    model_config = ConfigDict(extra="allow")
