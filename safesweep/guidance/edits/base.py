"""The contract of a text edit: what becomes of a prompt's embedding before guidance sees it.

An edit adds no network row. Any edit goes with any guidance: a method reads its texts from ``At`` and never knows who made them.
"""

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, ClassVar, NamedTuple

from pydantic import BaseModel, ConfigDict

from safesweep.models.text import EMPTY, Encodes, Text

if TYPE_CHECKING:  # a cell is read without torch's models
    from safesweep.models.base import DiffusionModel


class EditedPrompt(NamedTuple):
    """A prompt with what an edit made of it: ``edited`` acts in steps ``first`` … ``last`` (from 0, both included), else ``prompt``."""

    prompt: Text
    edited: Text
    first: int = 0
    last: int | None = None
    empty: Text = EMPTY
    """What stands in the empty prompt's place, at every step."""

    def at(self, step: int) -> Text:
        """The text of the conditional row at ``step``."""
        acts = step >= self.first and (self.last is None or step <= self.last)
        return self.edited if acts else self.prompt


def unedited(prompt: str) -> EditedPrompt:
    """The prompt as it is."""
    return EditedPrompt(prompt, prompt)


class Edit(BaseModel, ABC):
    """A text edit with every number filled in."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: ClassVar[str]
    """As presets and the lake write it."""
    rewrites: ClassVar[bool] = False
    """Whether it changes the prompt's words, and so works on a service of which only the API is seen."""

    def label(self) -> str:
        """The numbers that tell this edit from another of the same name, e.g. "β=1"; empty when there are none."""
        return ""

    def check(self, steps: int) -> None:
        """Raises ``ValueError`` when the config cannot run with ``steps`` denoising steps."""

    def check_family(self, family: "type[DiffusionModel]") -> None:
        """Raises ``ValueError`` when the edit can do nothing with the text embeddings of a model family."""

    def rewritten(self, prompt: str, seed: int) -> str:
        """The prompt's words after the edit, where it works on words (``rewrites``)."""
        raise ValueError(f"edit {self.name} works on text embeddings, not on words")

    def supposed(self, prompt: str) -> EditedPrompt:
        """What the cost plan supposes of ``prompt``, without a model: the dearest case, a text of its own at every step."""
        return EditedPrompt(prompt, f"{prompt}, edited by {self!r}")

    @abstractmethod
    def apply(self, encodes: Encodes, prompt: str, seed: int) -> EditedPrompt:
        """Edits ``prompt``; what is drawn at random is drawn from the picture's ``seed``.

        Raises ``ValueError`` when the edit was made for another text encoder.
        """
