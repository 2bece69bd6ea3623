"""Bodies of the API, whatever fields they have."""

from pydantic import BaseModel, ConfigDict


class ScoreResponse(BaseModel):
    model_config = ConfigDict(extra="allow")


class ScoreTextRequest(BaseModel):
    model_config = ConfigDict(extra="allow")
