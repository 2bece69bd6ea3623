"""What operators that ask a language model have in common: a question in which the draw stands, an answer that is read as a prompt."""

from random import Random
from typing import ClassVar

from safesweep.attacks.base import Candidate
from safesweep.attacks.operators.base import NoRewriteError, Operator, with_words

VARIANTS = 1000
QUOTES = "\"'“”‘’`"


class AskingOperator(Operator):
    """Equal draws ask equal questions, so that a model that answers greedily answers alike."""

    asks: ClassVar[bool] = True
    instruction: ClassVar[str]
    """What the model is told to do."""

    async def rewrite(self, drawn: Random, one: Candidate, other: Candidate) -> Candidate:
        """What the model makes of the text; the seed stays. Raises ``NoRewriteError`` where that is nothing new."""
        if self.materials.ask is None:
            raise NoRewriteError
        question = (
            f"{self.instruction} Answer with the rewritten prompt alone, on one line, in at most {self.materials.most_words} words. "
            f"There are many ways to do it: give variant {drawn.randrange(VARIANTS)}.\n\n{one.text}"
        )
        answer = await self.materials.ask(question)
        words = answer.strip().strip(QUOTES).split()
        if words == one.text.split():
            raise NoRewriteError
        return with_words(one, words, self.materials)
