"""The contract of a rewriting operator."""

from abc import ABC, abstractmethod
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from random import Random
from typing import ClassVar

from safesweep.attacks.base import Candidate


class NoRewriteError(Exception):
    """An operator has nothing to do here, or a language model would not; another candidate is drawn."""


@dataclass(frozen=True)
class Materials:
    """What operators work with."""

    words: tuple[str, ...]
    """Whole words of the attacked model's text encoders, sorted."""
    most_words: int = 24
    """Of a candidate."""
    ask: Callable[[str], Awaitable[str]] | None = None
    """Asks a language model; raises ``NoRewriteError`` where it gives no usable answer."""


class Operator(ABC):
    """Makes a candidate of one or two."""

    takes_two: ClassVar[bool] = False
    """Whether the second parent matters."""
    asks: ClassVar[bool] = False
    """Whether it needs a language model."""

    draws_words: ClassVar[bool] = False
    """Whether it draws from ``Materials.words``."""

    def __init__(self, materials: Materials) -> None:
        self.materials = materials

    @abstractmethod
    async def rewrite(self, drawn: Random, one: Candidate, other: Candidate) -> Candidate:
        """A candidate that ``drawn`` and the parents alone decide. Raises ``NoRewriteError``."""


def with_words(candidate: Candidate, words: list[str], materials: Materials) -> Candidate:
    """The candidate with these words. Raises ``NoRewriteError`` for none of them, and for too many."""
    if not 0 < len(words) <= materials.most_words:
        raise NoRewriteError
    return Candidate(" ".join(words), candidate.seed)
