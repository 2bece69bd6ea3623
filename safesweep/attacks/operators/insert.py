"""A word of the encoder's own vocabulary comes into the prompt."""

from random import Random
from typing import ClassVar

from safesweep.attacks.base import Candidate
from safesweep.attacks.operators.base import Operator, with_words


class Insert(Operator):
    """Before any word, or behind the last."""

    draws_words: ClassVar[bool] = True

    async def rewrite(self, drawn: Random, one: Candidate, other: Candidate) -> Candidate:
        """A word longer."""
        words = one.text.split()
        words.insert(drawn.randrange(len(words) + 1), drawn.choice(self.materials.words))
        return with_words(one, words, self.materials)
