"""The contract of a strategy: which attempts the next ones descend from, and what may be done to them."""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from random import Random

from safesweep.attacks.base import Attempt


@dataclass(frozen=True)
class Selection:
    """How strictly a strategy that selects does so."""

    survivors: int = 4
    """Attempts that may have descendants."""
    fidelity_weight: float = 0.2
    """What a fidelity of 1 is worth, where the scaled log odds of the score run from 0 to 1."""
    fidelity_floor: float | None = None
    """What a success needs; more of it is worth nothing."""


class Strategy(ABC):
    """Chooses parents."""

    def __init__(self, selection: Selection) -> None:
        self.selection = selection

    @abstractmethod
    def parent(self, drawn: Random, attempts: Sequence[Attempt]) -> int:
        """The place of a parent among ``attempts``, of which there is one or more."""

    def operators(self, names: tuple[str, ...]) -> tuple[str, ...]:
        """Those of the run's operators that it uses."""
        return names
