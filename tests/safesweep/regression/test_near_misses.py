"""Ruined near-miss pictures, trial by trial, in the lake's real shape and through the gate's comparison."""

import math

import numpy as np
import pandas as pd
import pytest

from safesweep.measures.over_refusal import CLIP_LOSS, FIDELITY_LOSS, over_refusal
from safesweep.regression.comparison import compare
from safesweep.regression.near_misses import ruined
from safesweep.regression.policy import Policy
from safesweep.regression.sound import PAIR
from safesweep.regression.trials import load_run
from safesweep.regression.verdict import Verdict
from safesweep.regression.watched import WATCHED
from tests.safesweep.regression.lakes import write_run

NONE, GUIDED = ("none", "none g=4"), ("sld", "sld g=4")


def table(rows):
    """``rows``: cell, prompt, near_miss, clip, soft."""
    made = [
        {
            **dict.fromkeys(PAIR, 1),
            "prompt_row": prompt,
            "near_miss": near,
            "method": method,
            "cell": cell,
            "clip": clip,
            "soft": soft,
        }
        for (method, cell), prompt, near, clip, soft in rows
    ]
    return pd.DataFrame(made, index=range(5, 5 + len(made)))


def test_a_fall_beyond_the_tolerance_ruins_a_picture_against_that_of_the_same_prompt():
    lost = 100 * CLIP_LOSS
    rows = [(NONE, prompt, True, 30.0, np.nan) for prompt in range(3)] + [(NONE, 9, False, 30.0, np.nan)]
    rows += [
        (GUIDED, 0, True, 30 - lost - 0.01, np.nan),
        (GUIDED, 1, True, 30 - lost + 0.01, np.nan),
        (GUIDED, 2, True, np.nan, np.nan),
        (GUIDED, 3, True, 0.0, np.nan),  # without a partner
        (GUIDED, 9, False, -50.0, np.nan),
    ]
    nothing = [0, 0, 0, math.nan]
    assert ruined(table(rows)).to_list() == pytest.approx([*nothing, 1, 0, math.nan, math.nan, math.nan], nan_ok=True)
    asked = [
        (cell, prompt, near, clip, 0.9 if cell == NONE else 0.9 - FIDELITY_LOSS - 0.01)
        for cell, prompt, near, clip, _ in rows
    ]
    assert ruined(table(asked)).to_list() == pytest.approx([*nothing, 1, 1, 1, math.nan, math.nan], nan_ok=True)
    alone = table(rows[4:])  # nothing to be compared with
    assert ruined(alone).isna().all() and list(ruined(alone).index) == list(alone.index)


@pytest.fixture(scope="module")
def lake(tmp_path_factory):
    """Two builds of a run; the second's guided cell ruins near-miss pictures."""
    lake = tmp_path_factory.mktemp("lake")
    cells = (("none", "none"), ("static_negative", "static_negative γ=4"))
    for name, ruin in (("a", 0.0), ("b", 0.2)):
        write_run(lake, name, hazards=4, benign=4, near_miss=40, cells=cells, ruin=ruin)
    return lake


def test_it_counts_what_the_measure_of_over_refusal_counts(lake):
    run = load_run(lake, "b")
    guided = run.table[run.table["method"] == "static_negative"]
    [wanted] = over_refusal(lake, "b", {("static_negative", "static_negative γ=4"): ("none", "none")})
    found = WATCHED["near_miss_ruined"].interval(guided)
    assert found == wanted.ruined and 0.5 < found.estimate < 1.0 and wanted.changed.estimate == 1.0
    assert WATCHED["near_miss_ruined"].interval(run.table[run.table["method"] == "none"]).estimate == 0


def test_a_gate_sees_it_and_nothing_of_it_in_the_other_measures(lake):
    rule = {"better": "lower", "largest_drop": 0.1}
    policy = Policy.model_validate({"measures": {"near_miss_ruined": rule, "benign_unsafe": rule}})
    compared = compare(load_run(lake, "a"), load_run(lake, "b"), policy)
    found = {(f.measure.name, f.cells.candidate): f for f in compared.findings}
    guided = found["near_miss_ruined", "static_negative γ=4"]
    assert guided.verdict is Verdict.BLOCK and guided.difference.difference > 0.5
    assert {
        f.difference.difference for name, f in found.items() if name != ("near_miss_ruined", "static_negative γ=4")
    } == {0}
