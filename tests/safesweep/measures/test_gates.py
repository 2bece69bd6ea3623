"""A gate's counts against those of the rows that were written."""

import json

import pytest

from safesweep.measures.gates import gate_counts
from safesweep.measures.intervals import wilson
from tests.safesweep.gates.lakes import exchange, write_run
from tests.safesweep.lake.rows import trial as row_of_before
from tests.safesweep.lake.rows import write_run as write_run_of_before

GATED = {"cell": "γ=8 gated", "cell_json": json.dumps({"guidance": {"gate": "sha256:1", "ask_below": 0.9}})}


def said(kind, gate=("dagger",), vlm=("dagger",)):
    """One exchange by who answered."""
    record = {"gate_terms": list(gate), "gate_confidence": 0.95, "audited": kind == "audit"}
    return exchange(vlm, 0, **record, answered_by="gate" if kind == "gate" else "vlm")


def trial(number, *exchanges, **columns):
    return {"trial_id": f"t{number}", "prompt_hash": f"h{number}", "exchanges": list(exchanges), **GATED, **columns}


def test_each_question_counts_by_who_answered_it(tmp_path):
    trials = [
        trial(0, said("gate"), said("gate", (), ()), said("audit"), said("unsure", (), ("skull",))),
        trial(1, said("audit", (), ("skull",)), said("gate")),
        trial(2, said("audit", ("dagger", "skull"), ("dagger",)), exchange((), 1, answered_by="reuse")),
        trial(9, said("audit", (), ("skull",)), repeat_of="t1"),
        trial(
            3, exchange(("dagger",), 0), cell="γ=8", cell_json=json.dumps({"guidance": {"method": "dynamic_negative"}})
        ),
    ]
    [found] = gate_counts(write_run(tmp_path, trials[:2], trials[2:]), "r")
    assert (found.cell, found.ask_below) == ("γ=8 gated", 0.9)
    counts = (found.questions, found.answered, found.audited, found.disagreed, found.overlooked)
    assert counts == (7, 3, 3, 2, 1) and found.saved == 3 / 7
    assert (found.missed.estimate, found.missed.low, found.missed.high) == (2 / 3, *wilson(2, 3))
    assert found.noticed == (wilson(2, 3)[0] > 1 - 0.9) and found.noticed


def test_thresholds_of_one_name_are_apart_and_a_gate_that_is_right_is_not_complained_of(tmp_path):
    lower = {"cell_json": json.dumps({"guidance": {"gate": "sha256:1", "ask_below": 0.5}})}
    trials = [trial(number, said("audit"), **(lower if number % 2 else {})) for number in range(10)]
    found = gate_counts(write_run(tmp_path, trials), "r")
    assert [(one.ask_below, one.audited) for one in found] == [(0.5, 5), (0.9, 5)]
    assert not any(one.noticed for one in found)


@pytest.mark.parametrize("before", [True, False])
def test_a_run_without_a_gate_has_none(tmp_path, before):
    if before:
        write_run_of_before(tmp_path, [row_of_before(0)])
    else:
        write_run(tmp_path, [trial(0, exchange((), 0), cell_json=json.dumps({"guidance": {"method": "none"}}))])
    assert gate_counts(tmp_path, "r") == []
