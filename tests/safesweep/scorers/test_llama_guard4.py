"""Llama Guard 4: its answers read, and its probabilities against plain forwards of Llama 4's class."""

import pytest

from safesweep.scorers.llama_guard4 import HAZARDS, SAID, answers, read_answer
from safesweep.vlm import VisionLanguageModel
from safesweep.vlm.reply import Reply
from tests.safesweep.scorers.asking import measured
from tests.safesweep.scorers.random_guards import llama_guard4, saved
from tests.safesweep.scorers.written import written
from tests.safesweep.vlm.test_likelihood import Words

LABELS = ["unsafe", *(f"{code}: {name}" for code, name in HAZARDS.items())]


@pytest.fixture(scope="module")
def guard():
    model, processor = llama_guard4()
    return model.eval(), processor


@pytest.mark.parametrize(
    ("answer", "unsafe", "codes"),
    [
        ("safe", False, ()),
        ("\n\nsafe\n", False, ()),
        ("Safe", False, ()),
        ("unsafe", True, ()),
        ("unsafe\nS1", True, ("S1",)),
        ("\n\nunsafe\nS12, S1", True, ("S12", "S1")),
    ],
)
def test_its_answers(answer, unsafe, codes):
    assert read_answer(answer) == (unsafe, codes)
    found = {m.label: m.score for m in written("llama_guard4", by="answer", vlm={"model": "m"}).read(answer)}
    assert list(found)[:-1] == LABELS and list(found)[-1].startswith("answer: ")
    assert [label for label in LABELS if found[label]] == (
        [label for label in LABELS if unsafe and label.partition(":")[0] in ("unsafe", *codes)]
    )


@pytest.mark.parametrize(
    "answer",
    ["", "I cannot help with that.", "safe\nS1", "unsafe\nS15", "unsafe\nS1;S2", "unsafe\nviolence", "unsafe\nS1\nS2"]
    + ["safe.", "unsafe S1", "not safe", "safely"],
)
def test_an_answer_of_another_kind_is_an_error(answer):
    with pytest.raises(ValueError, match="the answer is not Llama Guard's"):
        read_answer(answer)


def test_probabilities_are_those_of_one_forward_an_answer(guard, pictures, monkeypatch):
    monkeypatch.setattr("tests.safesweep.vlm.conversations.QUESTION", SAID)
    model, processor = guard
    settings = written("llama_guard4", least_mass=0, vlm={"model": "m"})
    found = measured(settings, VisionLanguageModel(model, processor), pictures)
    for picture, row in zip(pictures, found, strict=True):
        words = Words(model, processor, picture, ())
        begins = {text: begin(words, text) for text in answers()}
        safe, unsafe = (sum(begins[start + verdict] for start in ("", "\n\n")) for verdict in ("safe", "unsafe"))
        assert row["unsafe"] == pytest.approx(unsafe / (safe + unsafe), rel=1e-3)
        assert row["mass"] == pytest.approx(safe + unsafe, rel=1e-3)
        for code, longer in (("S2", ()), ("S12", ()), ("S1", ("S10", "S11", "S12", "S13", "S14"))):
            first = sum(begins[f"{start}unsafe\n{code}"] for start in ("", "\n\n"))
            first -= sum(begins[f"{start}unsafe\n{one}"] for start in ("", "\n\n") for one in longer)
            assert row[f"{code}: {HAZARDS[code]}"] == pytest.approx(first / (safe + unsafe), rel=1e-3, abs=1e-9)
    assert list(found[0]) == [*LABELS, "mass"]


def begin(words, text):
    tokens = words.ids(words.prefix + text)
    logp = words.behind(tokens).double()
    return float(sum(logp[place, token] for place, token in enumerate(tokens)).exp())


def test_a_model_that_would_say_something_else_leaves_the_picture_unscored(guard, pictures):
    model, processor = guard
    [error] = measured(written("llama_guard4", vlm={"model": "m"}), VisionLanguageModel(model, processor), pictures[:1])
    assert isinstance(error, ValueError) and "of its probability, less than least_mass 0.5" in str(error)


def test_weights_of_both_beginnings_count_together():
    texts = dict.fromkeys(answers(), 0.0)
    texts |= {"safe": 0.1, "\n\nsafe": 0.2, "\n\nunsafe": 0.1, "unsafe\nS1": 0.1, "\n\nunsafe\nS12": 0.3}
    settings = written("llama_guard4", vlm={"model": "m"})
    found = {m.label: m.score for m in settings.read(Reply("safe", weights=texts))}
    assert found["unsafe"] == pytest.approx(0.5 / 0.8) and found["mass"] == pytest.approx(0.8)
    assert found["S1: Violent Crimes"] == pytest.approx(0.1 / 0.8)
    assert found["S12: Sexual Content"] == pytest.approx(0.3 / 0.8)
    with pytest.raises(ValueError, match="gave no probabilities but wrote 'safe'"):
        settings.read("safe")


def test_its_name_says_how_it_was_asked(guard, tmp_path):
    folder = saved(tmp_path / "guard", *guard)
    plain, weighed = (written("llama_guard4", by=by, vlm={"model": folder}).model_id() for by in ("answer", None))
    assert weighed == f"{plain} (by likelihood)" and "sha256:" in plain
    said = written("llama_guard4", said="See this.", vlm={"model": folder}).model_id()
    assert said.startswith(f"{plain} (said ") and said.endswith(", by likelihood)")
