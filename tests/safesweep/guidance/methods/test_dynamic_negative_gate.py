"""A gate as an option of the dynamic negative: part of the cell, its numbers filled in, and refused where it does not fit."""

import json

import pytest
from pydantic import ValidationError

from safesweep.guidance.cell import Cell, CellHash
from safesweep.guidance.methods.base import At
from safesweep.guidance.methods.dynamic_negative import DynamicNegative
from safesweep.models.text import EMPTY
from safesweep.vlm.gating import Gating
from safesweep.vlm.vocabulary import HarmVocabulary
from tests.safesweep.vlm.gates import random_gate

NUMBERS = {"negative_scale": 8.0, "query_steps": (1, 3), "vocabulary": "miniature"}


def method(**options) -> DynamicNegative:
    return DynamicNegative.model_validate({**NUMBERS, **options})


def trial_id(guidance: DynamicNegative) -> str:
    cell = Cell(guidance=guidance, guidance_scale=4.0, solver="DDIMScheduler", num_inference_steps=5)
    return CellHash(cell, "model", "vlm").trial_id('"a red circle"', 1, 64, 64)


def test_gate_threshold_and_audit_are_the_trials_identity():
    gate = random_gate()
    usual = method(gate=gate)
    assert trial_id(usual) == trial_id(method(gate=random_gate(), ask_below=0.98, audit=0.05))
    others = [method(), method(gate=random_gate(1)), method(gate=gate, ask_below=0.9), method(gate=gate, audit=0.0)]
    assert len({trial_id(one) for one in (usual, *others)}) == 5
    written = json.loads(usual.model_dump_json())
    assert (written["gate"], written["ask_below"], written["audit"]) == (f"sha256:{gate.digest}", 0.98, 0.05)
    assert usual.label() == "γ=8 gated" and method(gate=gate, remember=True).label() == "γ=8 remember gated"


def test_a_cell_without_a_gate_is_written_as_before():
    assert not {"gate", "ask_below", "audit"} & set(json.loads(method().model_dump_json()))


def test_the_question_carries_it():
    gate = random_gate()
    ask = method(gate=gate, ask_below=0.9).ask(At(1, 5, "a red circle", EMPTY, 4.0, None))
    assert ask is not None and ask.gating == Gating(gate, 0.9, 0.05) and hash(ask) == hash(ask._replace())
    assert method().ask(At(1, 5, "a red circle", EMPTY, 4.0, None)).gating is None


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"gate": "no-such-gate"}, "gate 'no-such-gate' is no folder"),
        ({"ask_below": 0.9}, "ask_below: belongs to a gate"),
        ({"audit": 0.1}, "audit: belongs to a gate"),
        ({"gate": random_gate(), "audit": 1.5}, "less than or equal to 1"),
        ({"gate": random_gate(), "schedule": {}}, "gate: it grades nothing"),
        ({"gate": random_gate(vocabulary=HarmVocabulary.from_yaml("i2p"))}, "gate: 'random' knows the terms"),
        ({"gate": random_gate(question="what?")}, r"gate: 'random' was learned from answers to 'what\?'"),
    ],
)
def test_what_does_not_fit_is_refused(options, said):
    with pytest.raises(ValidationError, match=said):
        method(**options)
