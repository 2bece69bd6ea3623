"""One word of the prompt becomes another of the encoder's own vocabulary."""

from random import Random
from typing import ClassVar

from safesweep.attacks.base import Candidate
from safesweep.attacks.operators.base import Operator, with_words


class Substitute(Operator):
    """Any word may go, any may come."""

    draws_words: ClassVar[bool] = True

    async def rewrite(self, drawn: Random, one: Candidate, other: Candidate) -> Candidate:
        """As long as it was."""
        words = one.text.split()
        if words:
            words[drawn.randrange(len(words))] = drawn.choice(self.materials.words)
        return with_words(one, words, self.materials)
