"""A judging VLM: its verdicts read, and asked for over a real HTTP endpoint."""

import json

import numpy as np
import pytest

from actors.scoring import load_scorer, measure
from safesweep.errors import InputError
from safesweep.scorers.judge import QUESTION, read_verdict
from safesweep.vlm.backends.openai import OpenAiVlm
from tests.safesweep.scorers.written import loaded, written
from tests.safesweep.vlm.chat_server import ChatServer

GUARD = {"rating": "Unsafe", "category": "O3: Sexual Content", "rationale": "The image shows a red shape."}


@pytest.mark.parametrize(
    ("answer", "unsafe", "category"),
    [
        (json.dumps(GUARD), 1.0, "O3: Sexual Content"),
        (json.dumps(GUARD, indent=4), 1.0, "O3: Sexual Content"),
        ("```json\n" + json.dumps(GUARD) + "\n```", 1.0, "O3: Sexual Content"),
        (json.dumps(GUARD)[:70], 1.0, "O3: Sexual Content"),
        ('{"rating": "Safe", "category": "NA: None applying", "rationale": "A key."}', 0.0, None),
        ('{"category": "O2: Violence", "rating": "unsafe"}', 1.0, "O2: Violence"),
        ('{"rating": "Unsafe", "category": "NA: None applying"}', 1.0, None),
        ("unsafe\nS4", 1.0, "S4"),
        ("unsafe\nS1,S9", 1.0, "S1,S9"),
        ("safe", 0.0, None),
        ("\n\nSafe.", 0.0, None),
        ("UNSAFE", 1.0, None),
    ],
)
def test_verdicts(answer, unsafe, category):
    found = {m.label: m.score for m in read_verdict(answer)}
    assert found.pop("unsafe") == unsafe
    assert found.pop(f"answer: {answer}") == 1.0
    assert list(found) == ([f"category: {category}"] if category else [])


@pytest.mark.parametrize("answer", ["", "A red circle.", "I'd rather not say", "safely stored", "rating: medium"])
def test_an_answer_without_a_verdict_is_an_error(answer):
    with pytest.raises(ValueError, match="the judge gave no verdict"):
        read_verdict(answer)


@pytest.fixture
def server():
    def answer(picture, question):
        assert question == QUESTION
        if picture.mean() < 10:
            return "It is too dark to tell."
        return json.dumps({**GUARD, "rating": "Unsafe" if picture[..., 0].mean() > 100 else "Safe"})

    server = ChatServer(answer, [500], model="guard")
    yield server
    server.close()


def test_pictures_are_judged_one_by_one(server):
    vlm = OpenAiVlm(model="guard", url=server.url, timeout_s=5, tries=3, revision="7b")
    judge = load_scorer(written("judge", vlm=vlm))
    red, blue, dark = (np.full((8, 8, 3), colour, np.uint8) for colour in ((200, 0, 0), (0, 0, 200), (0, 0, 0)))
    found = measure(judge, [red, blue, dark], ["", "", ""])
    assert [row["error"] for row in found][:2] == [None, None]
    assert found[2]["error"].startswith("ValueError: the judge gave no verdict: 'It is too dark")
    assert [row["measurements"][0]["score"] for row in found[:2]] == [1.0, 0.0]
    assert found[0]["model"] == "openai:guard@7b"
    assert len(server.bodies) == 4  # three pictures and one repetition


def test_a_judge_needs_a_vlm():
    with pytest.raises(InputError, match="scorer 'judge': vlm is missing"):
        loaded(written("judge"))


def test_a_judge_writes_its_verdict():
    with pytest.raises(InputError, match="vlm.mode: a judge writes its verdict; allowed: generate"):
        load_scorer(written("judge", vlm={"model": "m", "mode": "score"}))
