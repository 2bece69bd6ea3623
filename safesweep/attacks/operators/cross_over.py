"""The beginning of one attempt and the end of another."""

from random import Random
from typing import ClassVar

from safesweep.attacks.base import Candidate
from safesweep.attacks.operators.base import NoRewriteError, Operator, with_words


class CrossOver(Operator):
    """Each is cut at a place of its own; the seed is either's."""

    takes_two: ClassVar[bool] = True

    async def rewrite(self, drawn: Random, one: Candidate, other: Candidate) -> Candidate:
        """Words of both."""
        if one == other:
            raise NoRewriteError
        first, second = one.text.split(), other.text.split()
        words = first[: drawn.randrange(len(first) + 1)] + second[drawn.randrange(len(second) + 1) :]
        return with_words(Candidate("", drawn.choice((one.seed, other.seed))), words, self.materials)
