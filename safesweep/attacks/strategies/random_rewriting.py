"""What an attack must beat: the same operators without selection."""

from collections.abc import Sequence
from random import Random

from safesweep.attacks.base import Attempt
from safesweep.attacks.strategies.base import Strategy


class RandomRewriting(Strategy):
    """Any attempt may have descendants, whatever its score."""

    def parent(self, drawn: Random, attempts: Sequence[Attempt]) -> int:
        """Any, equally often."""
        return drawn.randrange(len(attempts))
