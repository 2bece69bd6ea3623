"""The contract of a scorer: its settings are its face, and say what it needs, which weights measure, and how it is loaded."""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from concurrent.futures import Future
from typing import Protocol

from pydantic import ConfigDict

from safesweep.errors import InputError
from safesweep.lake.evidence import Measurement
from safesweep.settings import Section
from safesweep.types import Picture
from safesweep.vlm.base import VlmSettings

Found = Sequence[Measurement] | Exception
"""What was measured on one picture, or why nothing could be."""


class Scorer(ABC):
    """Measures pictures; judges nothing."""

    @abstractmethod
    def score(self, pictures: Sequence[Picture], prompts: Sequence[str]) -> Sequence[Found]:
        """The measurements of each picture. ``pictures``: uint8 [H, W, 3] RGB; ``prompts``: the text that each was made from.

        An exception in the place of measurements leaves that picture unscored; one that is raised says nothing about which
        picture it was, so every picture is then tried alone.
        """


class Client(Protocol):
    """Asks a VLM, from any thread."""

    def ask(self, picture: Picture, question: str) -> "Future[str]":
        """The raw answer to come, or the ``VlmError`` that it ends in. ``picture``: uint8 [H, W, 3] RGB."""


class ScorerSettings(Section, ABC):
    """One scorer of a run. A kind derives from it, in one file with its own options."""

    model_config = ConfigDict(use_attribute_docstrings=True)

    kind: str
    """What measures: a name of ``safesweep.scorers.SCORERS``."""
    name: str | None = None
    """Name in the evidence; by default the kind."""

    @property
    def evidence_name(self) -> str:
        """Its name in the evidence."""
        return self.name or self.kind

    @property
    def keeps_from(self) -> float:
        """The lowest score that its evidence holds: a profile may not ask for lower ones. 0: all of them."""
        return 0.0

    @abstractmethod
    def check(self) -> None:
        """What can be checked before a run: the files that the options name. Loads no model.

        Raises ``InputError``.
        """

    @abstractmethod
    def model_id(self) -> str:
        """What measures, for the lake: "name@sha256:…" with the hash of the weights, and behind it what else decides a measurement.

        Raises ``InputError`` when the weights are not on this machine.
        """

    def vlms(self) -> tuple[VlmSettings, ...]:
        """The VLMs that it asks; equal settings share one pool."""
        return ()

    def questions(self) -> tuple[str, ...]:
        """What it asks each of ``vlms()`` about a picture; asked once before a run, of a plain picture."""
        return ()

    def read(self, answer: str) -> object:
        """What it makes of an answer to one of ``questions()``. Raises ``ValueError`` for one that it cannot read."""
        return answer

    @abstractmethod
    def load(self, *clients: Client) -> Scorer:
        """The scorer, ready to measure. ``clients``: one for each of ``vlms()``, in their order.

        Raises ``InputError`` for a file that is missing or of no use.
        """

    def bad(self, problem: str) -> InputError:
        """The error for an option that cannot be used; it names the scorer."""
        return InputError(f"scorer {self.evidence_name!r}: {problem}")
