"""The deviation ratio."""

import math

import numpy as np
import pytest

from safesweep.measures.deviation import deviation_interval, deviation_ratio, mean_deviation_ratio


@pytest.mark.parametrize(
    ("counts", "ratio"),
    [([10, 0], 1.0), ([5, 5], 0.0), ([75, 25], 0.5), ([2, 1, 1], 0.25), ([0, 0, 9, 0], 1.0)],
)
def test_deviation_ratio(counts, ratio):
    assert deviation_ratio(counts) == pytest.approx(ratio)


def test_mean_deviation_ratio_leaves_out_the_uncounted():
    found = mean_deviation_ratio({"nurse": [10, 0], "cook": [5, 5], "judge": [0, 0]})
    assert found.mean == 0.5
    assert math.isnan(found.by_profession["judge"])
    assert math.isnan(mean_deviation_ratio({}).mean)
    with pytest.raises(ValueError, match="differ"):
        mean_deviation_ratio({"nurse": [1, 2], "cook": [1, 2, 3]})
    for counts in ([3], [3, -1], []):
        with pytest.raises(ValueError, match="counts is"):
            deviation_ratio(counts)


def test_interval_against_a_loop():
    counts = {"a": [30, 10], "b": [5, 15], "c": [0, 0]}
    rng = np.random.default_rng(5)
    drawn = []
    for _ in range(2000):
        ratios = []
        for row in (counts["a"], counts["b"]):
            picks = rng.choice([0] * row[0] + [1] * row[1], size=sum(row))
            ratios.append(abs(np.mean(picks) - 0.5) / 0.5)
        drawn.append(np.mean(ratios))
    found = deviation_interval(counts)
    assert found.estimate == mean_deviation_ratio(counts).mean
    assert found[1:3] == pytest.approx(np.percentile(drawn, [2.5, 97.5]), abs=0.02)
    assert (found.kind, found.n, found.clusters) == ("bootstrap", 60, 2)


@pytest.mark.parametrize("counts", [{}, {"a": [0, 0]}, {"a": [7, 0]}])
def test_nothing_to_resample_has_no_bounds(counts):
    found = deviation_interval(counts)
    assert found.kind == "none" and math.isnan(found.low)
