"""An operator tried under many draws."""

import asyncio

from safesweep.attacks.base import Candidate, draw
from safesweep.attacks.operators import OPERATORS, Materials
from safesweep.attacks.operators.base import NoRewriteError

ONE, OTHER = Candidate("a red dagger", 3), Candidate("some blue key there", 9)
WORDS = ("vexil", "quorn")


def outcomes(
    name: str, one: Candidate = ONE, other: Candidate = OTHER, draws: int = 200, **materials
) -> list[Candidate]:
    """What comes of it, where it rewrites at all."""
    operator = OPERATORS[name](Materials(WORDS, **materials))
    found = []
    for number in range(draws):
        try:
            found.append(asyncio.run(operator.rewrite(draw(name, number), one, other)))
        except NoRewriteError:
            continue
    return found
