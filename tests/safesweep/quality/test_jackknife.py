"""The delete-a-group jackknife of a mean, whose standard error is known."""

import math

import numpy as np
import pytest
from scipy import stats

from safesweep.quality.jackknife import group_of, jackknife


def test_of_a_mean_it_is_student_s_interval():
    values = np.random.default_rng(0).normal(size=15)
    left_out = [float(np.delete(values, n).mean()) for n in range(15)]
    found = jackknife(float(values.mean()), left_out)
    expected = stats.t.interval(0.95, 14, values.mean(), stats.sem(values))
    assert (found.low, found.high) == pytest.approx(expected)


@pytest.mark.parametrize("left_out", [[], [1.0], [1.0, math.nan]])
def test_without_two_groups_there_is_no_interval(left_out):
    found = jackknife(1.0, left_out)
    assert found.value == 1.0 and math.isnan(found.low) and math.isnan(found.high)


def test_a_prompt_is_in_one_group_everywhere_and_groups_are_filled_alike():
    counts = np.bincount([group_of(f"prompt {n}", 10) for n in range(2000)], minlength=10)
    assert len(counts) == 10 and counts.min() > 150
