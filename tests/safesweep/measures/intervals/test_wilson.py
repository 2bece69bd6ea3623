"""Wilson's interval."""

import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from safesweep.measures.intervals import (
    wilson,
)

QUICK = settings(max_examples=30, deadline=None, database=None)


def test_wilson_zero_of_95():
    low, high = wilson(0, 95)
    assert low == 0.0
    assert high == pytest.approx(0.0388652, abs=1e-6)
    z2 = stats.norm.ppf(0.975) ** 2
    assert high == pytest.approx(z2 / (95 + z2), rel=1e-12)


@QUICK
@given(
    st.integers(1, 2000).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))), st.sampled_from([0.8, 0.95, 0.99])
)
def test_wilson_equals_scipys_and_inverts_the_score_test(counts, confidence):
    k, n = counts
    low, high = wilson(k, n, confidence)
    reference = stats.binomtest(k, n).proportion_ci(confidence, method="wilson")
    assert (low, high) == pytest.approx((reference.low, reference.high), abs=1e-12)
    z = stats.norm.ppf((1 + confidence) / 2)
    for bound in (low, high):
        if 0 < bound < 1:
            assert abs(k / n - bound) == pytest.approx(z * math.sqrt(bound * (1 - bound) / n), rel=1e-6)


def test_wilson_of_nothing_and_of_nonsense():
    assert all(math.isnan(bound) for bound in wilson(0, 0))
    with pytest.raises(ValueError, match="unsafe is 3; 0 to scored = 2"):
        wilson(3, 2)
    with pytest.raises(ValueError, match="confidence is 95"):
        wilson(1, 2, 95)
