"""The contract of a scorer."""

from abc import ABC, abstractmethod
from collections.abc import Sequence

from safesweep.lake.evidence import Measurement
from safesweep.types import Picture

Found = list[Measurement] | Exception
"""What was measured on one picture, or why nothing could be."""


class Scorer(ABC):
    """Measures pictures; judges nothing."""

    name: str
    """Its name in the evidence."""
    model: str
    """Which model measured: its name and the SHA-256 of its weights."""

    @abstractmethod
    def score(self, pictures: Sequence[Picture], prompts: Sequence[str]) -> Sequence[Found]:
        """The measurements of each picture. ``pictures``: uint8 [H, W, 3] RGB; ``prompts``: the text that each was made from.

        An exception in the place of measurements leaves that picture unscored; one that is raised says nothing about which
        picture it was, so every picture is then tried alone.
        """
