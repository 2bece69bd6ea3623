"""What the edits along learned directions have in common."""

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, ClassVar

from pydantic import Field, field_validator

from safesweep.guidance.direction import Direction, NamedDirection
from safesweep.guidance.edits.base import Edit, EditedPrompt
from safesweep.guidance.recipe import Kind
from safesweep.models.text import Encodes, named_by_content

if TYPE_CHECKING:
    from safesweep.models.base import DiffusionModel


class LateEdit(Edit, ABC):
    """An edit of some strength that acts from a start step on."""

    strength: float = Field(default=1.0, allow_inf_nan=False)
    """β."""
    start_step: int = Field(default=0, ge=0)
    """First step, counted from 0, that the edited embedding acts in; earlier steps use the prompt's own."""

    def check(self, steps: int) -> None:
        if self.start_step >= steps:
            raise ValueError(
                f"edit.start_step: step {self.start_step} is beyond the last of {steps} steps, {steps - 1}"
            )

    def supposed(self, prompt: str) -> EditedPrompt:
        return super().supposed(prompt)._replace(first=self.start_step)

    @abstractmethod
    def used(self) -> tuple[Direction, ...]:
        """The directions that it edits along."""

    def check_family(self, family: "type[DiffusionModel]") -> None:
        shifts = [direction.name for direction in self.used() if direction.kind == "shift"]
        if shifts and not family.FIXED_LENGTH:
            raise ValueError(
                f"edit: direction {shifts[0]!r} shifts every token by its place; texts of {family.__name__} have no fixed length; "
                "allowed: directions of kind conditional"
            )

    def along(self, direction: Direction, encodes: Encodes, prompt: str) -> EditedPrompt:
        """The prompt, and what ``direction`` makes of its tokens; a pooled embedding (SDXL) stays.

        Raises ``ValueError`` when the direction was made for embeddings of another size.
        """
        before = encodes.embed(prompt)
        after = before._replace(tokens=direction.edit(before.tokens, self.strength))
        return EditedPrompt(prompt, named_by_content(prompt, before, after), first=self.start_step)


class Region(LateEdit, ABC):
    """An edit along one direction, the same for every picture."""

    kind: ClassVar[Kind]
    """Of the directions that it takes."""

    direction: NamedDirection
    """What discovery found: a bare name, a folder, or a hub id."""

    @field_validator("direction")
    @classmethod
    def _of_its_kind(cls, direction: Direction) -> Direction:
        if direction.kind != cls.kind:
            raise ValueError(
                f"{cls.name} takes a direction of kind {cls.kind}; {direction.name!r} is a {direction.kind}"
            )
        return direction

    def label(self) -> str:
        return f"{self.direction.name} β={self.strength:g}"

    def used(self) -> tuple[Direction, ...]:
        return (self.direction,)

    def apply(self, encodes: Encodes, prompt: str, seed: int) -> EditedPrompt:
        return self.along(self.direction, encodes, prompt)
