"""A word goes: what a filter or a guidance looks for may be one that the picture does not need."""

from random import Random

from safesweep.attacks.base import Candidate
from safesweep.attacks.operators.base import NoRewriteError, Operator, with_words


class Drop(Operator):
    """The last word stays."""

    async def rewrite(self, drawn: Random, one: Candidate, other: Candidate) -> Candidate:
        """A word shorter."""
        words = one.text.split()
        if not words:
            raise NoRewriteError
        del words[drawn.randrange(len(words))]
        return with_words(one, words, self.materials)
