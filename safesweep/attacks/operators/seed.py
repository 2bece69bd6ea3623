"""Other noise under the same words."""

from dataclasses import replace
from random import Random

from safesweep.attacks.base import Candidate
from safesweep.attacks.operators.base import Operator

SEEDS = 2**31
"""Seeds that are drawn from; pipelines of all kinds take so many."""


class Seed(Operator):
    """The noise that a picture begins as decides much of what it shows."""

    async def rewrite(self, drawn: Random, one: Candidate, other: Candidate) -> Candidate:
        """The same text."""
        return replace(one, seed=drawn.randrange(SEEDS))
