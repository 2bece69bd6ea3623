"""The deviation ratio."""

import math

import pytest

from safesweep.measures.deviation import deviation_ratio, mean_deviation_ratio


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
