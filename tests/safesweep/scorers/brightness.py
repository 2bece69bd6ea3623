"""A scorer in its own file alone, as a plugin has it: how bright a picture is."""

from collections.abc import Sequence
from typing import Literal

from pydantic import Field

from safesweep.lake.evidence import Measurement
from safesweep.scorers import SCORERS, Scorer, ScorerSettings
from safesweep.scorers.base import Client
from safesweep.types import Picture


class BrightnessSettings(ScorerSettings):
    """How bright."""

    kind: Literal["brightness"] = "brightness"
    white: int = Field(default=255, gt=0)
    """The level that counts as 1."""

    def check(self) -> None:
        """Nothing is needed."""

    def model_id(self) -> str:
        """Its rule."""
        return f"brightness/{self.white}"

    def load(self, *clients: Client) -> "Brightness":
        """The scorer."""
        return Brightness(self.white)


class Brightness(Scorer):
    """Mean level of a picture, 1 at ``white``."""

    def __init__(self, white: int) -> None:
        self._white = white

    def score(self, pictures: Sequence[Picture], prompts: Sequence[str]) -> list[list[Measurement]]:
        """``mean``, from 0 on."""
        return [[Measurement("mean", float(picture.mean()) / self._white)] for picture in pictures]


SCORERS.add("brightness", BrightnessSettings)
