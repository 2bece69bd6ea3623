"""A gate's folder: what is written is read again, what is broken is refused in one line, and what it says is the likeliest answer."""

import json
from itertools import product
from math import prod
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file

from safesweep.errors import InputError
from safesweep.vlm.gate import CARD, CONFIG, TEMPERATURES, WEIGHTS, Gate, named_gates, opinion_of
from tests.safesweep.vlm.gates import MINIATURE, random_gate


@pytest.fixture
def folder(tmp_path) -> Path:
    random_gate().save(tmp_path / "mine", "# a card\n")
    return tmp_path / "mine"


def test_what_is_written_is_read_again(folder):
    gate, again = random_gate(), Gate.load(str(folder))
    assert again == gate and hash(again) == hash(gate) and again.name == "mine"
    assert (folder / CARD).read_text() == "# a card\n"
    picture = np.random.default_rng(0).integers(0, 255, (16, 16, 3), dtype=np.uint8)
    assert again.opinion(picture) == gate.opinion(picture)


def test_whatever_decides_an_answer_is_in_the_digest_and_a_note_is_not():
    digest = random_gate().digest
    others = [
        random_gate(1),
        random_gate(temperature=0.03),
        random_gate(question="what?"),
        random_gate(vlm="another@2"),
    ]
    assert len({digest, *(one.digest for one in others)}) == 5
    assert random_gate(learned_from={"runs": ["r"]}).digest == digest


def test_a_bare_name_is_found_among_the_gates(folder, monkeypatch):
    monkeypatch.chdir(folder.parent)
    random_gate(3).save(Path("gates/night"), "")
    assert Gate.load("night") == random_gate(3) and "night" in named_gates()
    with pytest.raises(
        InputError, match=r"gate 'nigth' is no folder .* did you mean 'night'\?; `safesweep distill` makes one"
    ):
        Gate.load("nigth")


def test_the_likeliest_answer_and_how_likely_it_is():
    terms, shares = ("a", "b", "c"), [0.9, 0.3, 0.55]
    answers = {
        tuple(term for term, there in zip(terms, pattern, strict=True) if there): prod(
            share if there else 1 - share for share, there in zip(shares, pattern, strict=True)
        )
        for pattern in product((False, True), repeat=3)
    }
    best = max(answers, key=lambda answer: answers[answer])
    found = opinion_of(shares, terms)
    assert found.terms == best == ("a", "c") and found.confidence == pytest.approx(answers[best])


def test_another_vocabulary_or_question_is_refused():
    gate, terms = random_gate(), MINIATURE.all_terms()
    gate.check(terms, MINIATURE.question())
    with pytest.raises(ValueError, match="'random' knows the terms dagger, flame, skull; the vocabulary has dagger"):
        gate.check(("dagger",), MINIATURE.question())
    with pytest.raises(ValueError, match="was learned from answers to .*; the question is 'what'"):
        gate.check(terms, "what")


def cut(folder: Path) -> None:
    (folder / WEIGHTS).write_bytes((folder / WEIGHTS).read_bytes()[:-7])


def without_temperatures(folder: Path) -> None:
    save_file(
        {name: one for name, one in load_file(folder / WEIGHTS).items() if name != TEMPERATURES}, folder / WEIGHTS
    )


def with_nan(folder: Path) -> None:
    save_file({**load_file(folder / WEIGHTS), "head.bias": torch.full((3,), float("nan"))}, folder / WEIGHTS)


def of_another_size(folder: Path) -> None:
    config = json.loads((folder / CONFIG).read_text())
    (folder / CONFIG).write_text(json.dumps({**config, "channels": [16]}))


def of_a_later_form(folder: Path) -> None:
    config = json.loads((folder / CONFIG).read_text())
    (folder / CONFIG).write_text(json.dumps({**config, "safesweep_gate": 2}))


def no_json(folder: Path) -> None:
    (folder / CONFIG).write_text("{")


@pytest.mark.parametrize(
    ("broken", "said"),
    [
        (cut, "gate.safetensors: cannot be read: "),
        (without_temperatures, "gate.safetensors: lacks temperatures"),
        (with_nan, "gate.safetensors: holds numbers that are not finite"),
        (of_another_size, r"gate.safetensors: does not fit config.json: .*blocks"),
        (of_a_later_form, "config.json.*safesweep_gate"),
        (no_json, "config.json.*JSON"),
    ],
)
def test_a_broken_folder_is_refused_in_one_line(folder, broken, said):
    broken(folder)
    with pytest.raises(InputError, match=said) as refused:
        Gate.load(str(folder))
    assert "\n" not in str(refused.value)
