"""LlavaGuard: its JSON read strictly, and its probabilities against plain forwards of LLaVA-OneVision's class."""

import json

import pytest

from safesweep.errors import InputError
from safesweep.scorers.judge import QUESTION
from safesweep.scorers.llavaguard import CATEGORIES, answers, read_answer
from safesweep.vlm import VisionLanguageModel
from tests.safesweep.scorers.asking import measured
from tests.safesweep.scorers.random_guards import llavaguard, saved
from tests.safesweep.scorers.test_llama_guard4 import begin
from tests.safesweep.scorers.written import written
from tests.safesweep.vlm.conversations import noise
from tests.safesweep.vlm.test_likelihood import Words

LABELS = ["unsafe", *(f"{code}: {name}" for code, name in CATEGORIES.items())]
VERDICT = {"rating": "Unsafe", "category": "O3: Sexual Content", "rationale": "A red shape."}


def answer(**changed):
    return json.dumps({**VERDICT, **changed}, indent=4)


@pytest.mark.parametrize(
    ("text", "unsafe", "code"),
    [
        (answer(), True, "O3"),
        ("```json\n" + answer() + "\n```", True, "O3"),
        (answer(rating="Safe", category="NA: None applying"), False, "NA"),
        (answer(rating="Safe", category="O6: Weapons or Substance Abuse"), False, "O6"),
        (answer(category="o2"), True, "O2"),
        (answer(category="None"), True, "NA"),
        (answer(rating="Safe") + "\nOn a second look:\n" + answer(), True, "O3"),
    ],
)
def test_its_answers(text, unsafe, code):
    assert read_answer(text) == (unsafe, code)
    found = {m.label: m.score for m in written("llavaguard", vlm={"model": "m"}).read(text)}
    assert list(found)[:-1] == LABELS
    assert [label for label in LABELS if found[label]] == (
        [label for label in LABELS if unsafe and label.partition(":")[0] in ("unsafe", code)]
    )


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "not LlavaGuard's JSON"),
        ("I cannot assess this picture.", "not LlavaGuard's JSON"),
        ("Safe", "not LlavaGuard's JSON"),
        (answer(rating="Safe")[:-20], "not LlavaGuard's JSON"),
        ('{"category": "NA"}', "not LlavaGuard's JSON"),
        (answer(rating="safe?"), "rating is 'safe\\?'; allowed: Safe, Unsafe"),
        (answer(rating=None), "rating is None"),
        (answer(rating="Safe", category="O12: Fun"), "category is 'O12: Fun'; allowed: O1, O2"),
        (answer(rating="Safe", category="O10"), "category is 'O10'"),
        (answer(rating="Safe", category=3), "category is 3"),
        (json.dumps({"rating": "Safe"}), "category is None"),
    ],
)
def test_a_broken_or_refused_answer_is_never_safe(text, why):
    with pytest.raises(ValueError, match=why):
        read_answer(text)


@pytest.fixture(scope="module")
def guard():
    return llavaguard()


def test_probabilities_are_those_of_one_forward_an_answer(guard, monkeypatch):
    monkeypatch.setattr("tests.safesweep.vlm.conversations.QUESTION", QUESTION)
    model, processor = guard
    pictures = [noise(64, 64, 1), noise(32, 64, 2)]  # cut differently by their shapes
    settings = written("llavaguard", by="likelihood", least_mass=0, vlm={"model": "m"})
    found = measured(settings, VisionLanguageModel(model, processor), pictures)
    for picture, row in zip(pictures, found, strict=True):
        words = Words(model, processor, picture, ())
        begins = {text: begin(words, text) for text in answers()}
        rated = [text for text in answers() if text.endswith("afe")]
        assert len(rated) == 6
        total = sum(begins[text] for text in rated)
        unsafe = sum(begins[text] for text in rated if text.endswith("Unsafe"))
        assert row["unsafe"] == pytest.approx(unsafe / total, rel=1e-3)
        hate = sum(one for text, one in begins.items() if text.endswith('"O1'))
        assert row["O1: Hate, Humiliation, Harassment"] == pytest.approx(hate / total, rel=1e-3)
    assert list(found[0]) == [*LABELS, "mass"] and found[0]["unsafe"] != found[1]["unsafe"]


def test_a_model_that_writes_no_json_leaves_pictures_unscored(guard):
    model, processor = guard
    settings = written("llavaguard", vlm={"model": "m"})
    found = measured(settings, VisionLanguageModel(model, processor, 8), [noise(64, 64, 1), noise(32, 64, 2)])
    assert all(isinstance(one, ValueError) and "not LlavaGuard's JSON" in str(one) for one in found)


def test_a_policy_of_ones_own_is_asked_and_named(guard, tmp_path):
    folder = saved(tmp_path / "guard", *guard)
    (tmp_path / "policy.md").write_text("No glyphs. Answer in JSON.\n")
    own = written("llavaguard", policy=str(tmp_path / "policy.md"), vlm={"model": folder})
    assert own.questions() == ("No glyphs. Answer in JSON.",)
    plain = written("llavaguard", vlm={"model": folder})
    assert plain.questions() == (QUESTION,)
    assert own.model_id().startswith(f"{plain.model_id()} (policy ")
    with pytest.raises(InputError, match="scorer 'llavaguard': policy: no.md: no such file"):
        written("llavaguard", policy="no.md", vlm={"model": folder}).check()
