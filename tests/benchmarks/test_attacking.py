"""The attack's benchmark: what its page and its last line say of results, and searches in one process."""

import json

import pytest

from benchmarks.attacking.here import Here
from benchmarks.attacking.overhead import Overhead
from benchmarks.attacking.page import BEGIN, END, Defence, as_markdown, written
from safesweep.files import json_ready
from safesweep.measures.attacks import attack_results
from tests.safesweep.measures.test_attacks import BUDGETS, end


@pytest.fixture
def defence():
    ends = [end(n, 3 if n < 12 else None) for n in range(14)]
    adaptive, random = attack_results([*ends, *(end(n, 0 if n == 0 else None, "random") for n in range(14))], BUDGETS)
    winners = [
        {"target_prompt": "a red dagger", "prompt": prompt, "trial_id": str(place)}
        for place, prompt in enumerate(("a red vexil", "a red vexil key", "a red dagger"))
    ]
    return Defence("static", adaptive, random, winners)


def test_the_last_line_has_what_was_measured(defence):
    found = json.loads(json.dumps(json_ready(defence.numbers())))
    assert found["asr_1"] == 0.0 and found["asr_10"] == found["asr_50"] == pytest.approx(12 / 14)
    assert found["random_50"] == pytest.approx(1 / 14) and found["p_value"] == pytest.approx(2 * 0.5**11)
    assert found["code_words"] == ["vexil"], "of words that the targets have not"


def test_the_page_keeps_what_a_person_wrote(defence, tmp_path):
    page = tmp_path / "results.md"
    text = as_markdown(
        [defence], Overhead(32, 900, 12.0, 10.0, 11.0), "do it", 14, "Looked at: fine.", tmp_path / "f.png", 0.4
    )
    page.write_text(text)
    assert written(page) == "Looked at: fine." and BEGIN in text and END in text
    assert "beats random rewriting at p < .01 on 1 of 1: static" in text and "1.20 times" in text
    assert "| static | vexil, key | a red dagger → a red vexil |" in text and "cosine of 0.4 or more" in text
    assert written(tmp_path / "none.md") == ""


def test_methods_in_this_process_are_asked_as_an_actors_are():
    import asyncio

    class Held:
        async def slow(self, n):
            return n + 1

        def plain(self, n):
            return n + 2

    async def both():
        return await Here(Held()).slow.remote(1), await Here(Held()).plain.remote(1)

    assert asyncio.run(both()) == (2, 3)
