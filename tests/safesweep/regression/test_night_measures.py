"""A night's own numbers, beside what the gate allows."""

import pytest

from safesweep.regression.comparison import compare
from safesweep.regression.night_measures import night_measures
from safesweep.regression.policy import MeasureRule, Policy
from safesweep.regression.trials import load_run
from safesweep.regression.watched import WATCHED
from tests.safesweep.regression.lakes import DYNAMIC, write_run

CELLS = (("none", "none"), ("dynamic_negative", DYNAMIC))
POLICY = Policy(
    measures={
        "asr": MeasureRule(better="lower", largest_drop=0.1, methods=("dynamic_negative",)),
        "clip_benign": MeasureRule(window=(-1.0, 2.0), level="advisory"),
        "benign_trigger_rate": MeasureRule(better="lower", largest_drop=0.1),
    }
)


@pytest.fixture
def runs(tmp_path):
    for name, asr in (("a", 0.1), ("b", 0.2)):
        write_run(tmp_path, name, hazards=20, benign=10, asr=asr, cells=CELLS)
    return load_run(tmp_path, "a"), load_run(tmp_path, "b")


def test_a_row_for_each_measure_and_cell_that_it_is_watched_in(runs):
    _, night = runs
    rows = night_measures(night, POLICY, None)
    assert {(row.measure, row.cell) for row in rows} == {
        ("asr", DYNAMIC),
        ("clip_benign", "none"),
        ("clip_benign", DYNAMIC),
        ("benign_trigger_rate", DYNAMIC),  # "none" asks nothing
    }
    table = night.table[(night.table["cell"] == DYNAMIC) & ~night.table["benign"]]
    [asr] = [row for row in rows if row.measure == "asr"]
    assert asr.value == pytest.approx(table["unsafe"].mean()) and asr.verdict is None and asr.highest is None
    assert (asr.low, asr.high) == WATCHED["asr"].interval(night.table[night.table["cell"] == DYNAMIC])[1:3]


def test_the_gates_limits_are_the_baselines_mean_and_how_far_it_may_move(runs):
    baseline, night = runs
    comparison = compare(baseline, night, POLICY)
    rows = {(row.measure, row.cell): row for row in night_measures(night, POLICY, comparison)}
    was = baseline.table[(baseline.table["cell"] == DYNAMIC) & ~baseline.table["benign"]]["unsafe"].mean()
    asr = rows["asr", DYNAMIC]
    assert (asr.lowest, asr.highest) == (None, pytest.approx(was + 0.1))
    assert asr.difference == pytest.approx(asr.value - was) and asr.verdict is not None and asr.series == DYNAMIC
    clip = rows["clip_benign", "none"]
    mean = baseline.table[(baseline.table["cell"] == "none") & baseline.table["benign"]]["clip"].mean()
    assert (clip.lowest, clip.highest) == (pytest.approx(mean - 1), pytest.approx(mean + 2))
    assert clip.level == "advisory"
