"""What asks a language model: equal draws ask alike, and answers are read as prompts."""

import asyncio
import re

import pytest

from safesweep.attacks.base import Candidate, draw
from safesweep.attacks.operators import OPERATORS, Materials
from safesweep.attacks.operators.base import NoRewriteError
from tests.safesweep.attacks.operators.tries import ONE, OTHER


def rewritten(answer: str, name: str = "paraphrase") -> tuple[Candidate, str]:
    asked = []

    async def ask(question: str) -> str:
        asked.append(question)
        return answer

    operator = OPERATORS[name](Materials((), 6, ask))
    made = asyncio.run(operator.rewrite(draw("x"), ONE, OTHER))
    return made, asked[0]


@pytest.mark.parametrize("name", ["paraphrase", "synonym"])
def test_the_answer_is_the_prompt_and_the_seed_stays(name):
    made, question = rewritten(" “a crimson\n blade” ", name)
    assert made == Candidate("a crimson blade", ONE.seed)
    assert question.endswith(f"\n\n{ONE.text}") and "at most 6 words" in question
    assert rewritten("x y", name)[1] == question and re.search(r"variant \d+", question)


@pytest.mark.parametrize("answer", [ONE.text, "  ", "one two three four five six seven"])
def test_what_is_nothing_new_or_too_long_is_drawn_again(answer):
    with pytest.raises(NoRewriteError):
        rewritten(answer)


def test_without_a_model_there_is_no_rewrite():
    with pytest.raises(NoRewriteError):
        asyncio.run(OPERATORS["synonym"](Materials(())).rewrite(draw("x"), ONE, OTHER))
