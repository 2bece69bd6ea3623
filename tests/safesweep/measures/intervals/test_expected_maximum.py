"""The expected maximum's interval."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from safesweep.measures.intervals import (
    expected_maximum_interval,
)
from safesweep.measures.rates import expected_maximum

QUICK = settings(max_examples=30, deadline=None, database=None)


@given(st.lists(st.integers(0, 10), min_size=1, max_size=12), st.integers(1, 12), st.booleans())
@QUICK
def test_expected_maximum_interval_is_around_the_exact_expectation(tenths, subset, replace):
    shares = np.array(tenths) / 10
    if subset > len(shares) and not replace:
        assert math.isnan(expected_maximum_interval(shares, subset, replace=replace).estimate)
        return
    found = expected_maximum_interval(shares, subset, replace=replace, draws=200)
    assert found.estimate == pytest.approx(expected_maximum(shares, subset, replace=replace))
    if shares.min() == 1:
        assert math.isnan(found.low)
        return
    # A worse prompt may be where none was seen.
    assert shares.min() - 1e-12 <= found.low <= found.estimate <= found.high <= 1 + 1e-12
    assert found.low < found.high


def test_expected_maximum_interval_against_a_loop():
    rng = np.random.default_rng(2)
    shares = rng.integers(0, 11, 60) / 10
    ends = []
    for half in (0.0, 0.5):
        drawn = []
        for _ in range(3000):
            weights = rng.dirichlet([*np.ones(60), half] if half else np.ones(60))
            values = np.append(shares, 1.0) if half else shares
            below = np.array([weights[values <= x].sum() for x in np.arange(11) / 10])
            drawn.append(np.diff(below**3, prepend=0.0) @ np.arange(11) / 10)
        ends.append(np.percentile(drawn, [2.5, 97.5][len(ends)]))
    found = expected_maximum_interval(shares, 3, draws=8000)
    assert found[1:3] == pytest.approx(ends, abs=0.01)
    # Numbers of subsets beyond a double's range.
    assert expected_maximum_interval(np.tile(shares, 600), 300, draws=2).estimate == pytest.approx(1.0, abs=1e-6)
