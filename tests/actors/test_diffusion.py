"""What the diffusion actor writes down of a trial: the engine's own numbers, each under its own name."""

import numpy as np

from actors.diffusion import _exchange, trial_columns
from safesweep.engine.trajectory import Exchange, TrialResult
from safesweep.guidance.cell import Cell
from safesweep.vlm.gating import Verdict
from safesweep.vlm.reply import Reply

PICTURE = np.zeros((8, 8, 3), np.uint8)


def test_a_row_of_the_lake_keeps_every_number_apart():
    said = Reply("dagger", raw="<think>hm</think>dagger", finish_reason="stop", prompt_tokens=90, completion_tokens=9)
    exchange = Exchange(3, PICTURE, "what?", said, ("dagger",), seconds=0.5, shared_by=4)
    result = TrialResult(PICTURE, None, (exchange,), rows=2.5, rows_alone=10, compute_seconds=0.25, seconds=1.5)
    cell = Cell(guidance={"method": "none"}, guidance_scale=4.0, solver="DDIMScheduler", num_inference_steps=5)
    row = trial_columns(cell, "none g=4", result, 1)
    assert (row["rows"], row["rows_alone"]) == (2.5, 10)
    assert (row["compute_seconds"], row["seconds"]) == (0.25, 1.5)
    [kept] = row["exchanges"]
    assert (kept["step"], kept["shared_by"], kept["seconds"]) == (3, 4, 0.5)
    assert (kept["question"], kept["answer"], kept["terms"]) == ("what?", said.raw, ["dagger"])
    assert (kept["finish_reason"], kept["prompt_tokens"], kept["completion_tokens"]) == ("stop", 90, 9)


def test_rows_that_stand_for_one_picture_share_what_it_cost():
    exchange = Exchange(3, PICTURE, "what?", "dagger", ("dagger",), seconds=0.5, shared_by=4)
    result = TrialResult(PICTURE, None, (exchange,), rows=3.0, rows_alone=10, compute_seconds=0.75, seconds=1.5)
    cell = Cell(guidance={"method": "none"}, guidance_scale=4.0, solver="DDIMScheduler", num_inference_steps=5)
    row = trial_columns(cell, "none g=4", result, 3)
    assert (row["rows"], row["rows_alone"], row["compute_seconds"], row["seconds"]) == (1.0, 10, 0.25, 1.5)
    assert row["exchanges"][0]["shared_by"] == 12


def test_who_answered_is_kept_with_what_a_gate_said():
    sure = Verdict(("dagger",), "dagger", 0.99, sure=True, audited=False)
    rows = {
        who: _exchange(Exchange(3, PICTURE, "what?", "dagger", ("dagger",), 0.5, 1, verdict=verdict), 1)
        for who, verdict in (
            ("vlm", None),
            ("gate", sure),
            ("audit", sure._replace(audited=True)),
            ("unsure", sure._replace(sure=False, terms=())),
        )
    }
    columns = ("answered_by", "audited", "gate_terms", "gate_confidence")
    assert {who: tuple(row[name] for name in columns) for who, row in rows.items()} == {
        "vlm": ("vlm", None, None, None),
        "gate": ("gate", False, ["dagger"], 0.99),
        "audit": ("vlm", True, ["dagger"], 0.99),
        "unsure": ("vlm", False, [], 0.99),
    }
    assert _exchange(Exchange.again(3, PICTURE, "what?", "dagger"), 1)["answered_by"] == "reuse"


def test_an_answer_that_is_taken_again_has_cost_no_tokens():
    again = _exchange(Exchange.again(3, PICTURE, "what?", Reply("dagger", prompt_tokens=90, completion_tokens=9)), 1)
    assert (again["answer"], again["prompt_tokens"], again["completion_tokens"]) == ("dagger", None, None)
