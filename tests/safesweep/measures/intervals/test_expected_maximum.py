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
    if len(set(tenths)) > 1:
        assert shares.min() <= found.low <= found.high <= shares.max()
    else:
        assert math.isnan(found.low)


def test_expected_maximum_interval_against_a_loop():
    rng = np.random.default_rng(2)
    shares = rng.integers(0, 11, 60) / 10
    drawn = [expected_maximum(rng.choice(shares, 60), 3) for _ in range(1500)]
    found = expected_maximum_interval(shares, 3)
    assert found[1:3] == pytest.approx(np.percentile(drawn, [2.5, 97.5]), abs=0.015)
    # Numbers of subsets beyond a double's range.
    assert expected_maximum_interval(np.tile(shares, 600), 300, draws=2).estimate == pytest.approx(1.0, abs=1e-6)
