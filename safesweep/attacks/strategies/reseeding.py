"""The file as it is at the attack's budget: the target's own words under one seed after another."""

from collections.abc import Sequence
from random import Random

from safesweep.attacks.base import Attempt
from safesweep.attacks.strategies.base import Strategy

SEED = "seed"


class Reseeding(Strategy):
    """Never changes a word."""

    def parent(self, drawn: Random, attempts: Sequence[Attempt]) -> int:
        """The target."""
        return 0

    def operators(self, names: tuple[str, ...]) -> tuple[str, ...]:
        """The seed's alone; the run must have it."""
        return (SEED,)
