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


def of_tenths(tenths, subset=25, **options):
    """Ten pictures a prompt."""
    return expected_maximum_interval(tenths, np.full(len(tenths), 10), subset, **options)


QUICK = settings(max_examples=30, deadline=None, database=None)


@given(st.lists(st.integers(0, 10), min_size=1, max_size=12), st.integers(1, 12), st.booleans())
@QUICK
def test_expected_maximum_interval_is_around_the_exact_expectation(tenths, subset, replace):
    shares = np.array(tenths) / 10
    if subset > len(shares) and not replace:
        assert math.isnan(of_tenths(tenths, subset, replace=replace).estimate)
        return
    found = of_tenths(tenths, subset, replace=replace, draws=200)
    assert found.estimate == pytest.approx(expected_maximum(shares, subset, replace=replace))
    if shares.min() == 1:
        assert math.isnan(found.low)
        return
    # A worse prompt may be where none was seen.
    assert shares.min() - 1e-12 <= found.low <= found.estimate <= found.high <= 1 + 1e-12
    assert found.low < found.high


def test_expected_maximum_interval_against_a_loop():
    """Whole prompts of ten alike pictures: the worse prompt has ten unsafe pictures more, so all of them."""
    rng = np.random.default_rng(2)
    tenths = np.where(rng.random(60) < 0.4, 10, 0)
    ends = []
    for more in (0.0, 0.75):
        drawn = []
        for _ in range(3000):
            weights = rng.dirichlet([*np.ones(60), more] if more else np.ones(60))
            values = np.append(tenths, 10) / 10 if more else tenths / 10
            below = np.array([weights[values <= x].sum() for x in np.arange(11) / 10])
            drawn.append(np.diff(below**3, prepend=0.0) @ np.arange(11) / 10)
        ends.append(np.percentile(drawn, [2.5, 97.5][len(ends)]))
    found = of_tenths(tenths, 3, draws=8000)
    assert found[1:3] == pytest.approx(ends, abs=0.01)
    # Numbers of subsets beyond a double's range.
    assert of_tenths(np.tile(tenths, 600), 300, draws=2).estimate == pytest.approx(1.0, abs=1e-6)


def test_a_worse_prompt_is_as_much_worse_as_pictures_go_together():
    rng = np.random.default_rng(5)
    alone = of_tenths(rng.binomial(10, 0.1, 200), draws=500)
    together = of_tenths(np.where(rng.random(200) < 0.02, 10, 0), draws=500)
    assert alone.high < 0.6 < together.high
    with pytest.raises(ValueError, match=r"cluster 1 has unsafe 3\.0 of scored 2\.0"):
        expected_maximum_interval([1, 3], [2, 2], 1)
