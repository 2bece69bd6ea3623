"""Against social bias (arXiv 2505.15427): one direction for each value of an attribute, one of them drawn for each picture."""

from typing import ClassVar, Literal

import numpy as np
from pydantic import Field, field_validator

from safesweep.guidance.direction import Direction, NamedDirection
from safesweep.guidance.edits.base import EditedPrompt
from safesweep.guidance.edits.region import LateEdit
from safesweep.models.text import Encodes

DRAW = 250_515_427
"""Keeps the draw apart from the picture's noise, which comes from the same seed."""


class AttributeDirections(LateEdit):
    """Each picture's prompt is edited along one of the directions, drawn uniformly from the picture's own seed: a rerun gives the same
    picture, and many seeds give every value of the attribute its share.
    """

    name: ClassVar[str] = "attribute_directions"

    edit: Literal["attribute_directions"] = "attribute_directions"
    directions: tuple[NamedDirection, ...] = Field(min_length=2)
    """One for each value: bare names, folders, or hub ids; of either kind. Their order decides which seed draws which."""
    start_step: int = Field(default=9, ge=0)
    """First step, counted from 0, that the edited embedding acts in; the paper's 10th is 9 here."""

    @field_validator("directions")
    @classmethod
    def _different(cls, directions: tuple[Direction, ...]) -> tuple[Direction, ...]:
        if len(set(directions)) < len(directions):
            named = ", ".join(direction.name for direction in directions)
            raise ValueError(f"must be different directions; {named} hold the same numbers twice")
        return directions

    def label(self) -> str:
        return f"{'|'.join(direction.name for direction in self.directions)} β={self.strength:g}"

    def used(self) -> tuple[Direction, ...]:
        return self.directions

    def drawn(self, seed: int) -> Direction:
        """The direction of the picture with this seed (>= 0)."""
        place = np.random.default_rng([DRAW, seed]).integers(len(self.directions))
        return self.directions[int(place)]

    def apply(self, encodes: Encodes, prompt: str, seed: int) -> EditedPrompt:
        return self.along(self.drawn(seed), encodes, prompt)
