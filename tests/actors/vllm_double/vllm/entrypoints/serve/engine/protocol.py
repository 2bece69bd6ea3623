"""Bodies of the API, whatever fields they have."""

from pydantic import BaseModel, ConfigDict


class ErrorInfo(BaseModel):
    model_config = ConfigDict(extra="allow")


class ErrorResponse(BaseModel):
    model_config = ConfigDict(extra="allow")
