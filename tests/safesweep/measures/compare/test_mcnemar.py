"""McNemar's test."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from safesweep.measures import compare

QUICK = settings(max_examples=30, deadline=None, database=None)


@QUICK
@given(st.integers(0, 60), st.integers(0, 60))
def test_mcnemar_is_a_sign_test(b, c):
    expected = stats.binomtest(b, b + c, 0.5).pvalue if b + c else 1.0
    assert compare.mcnemar_exact(b, c) == pytest.approx(expected)
    assert compare.mcnemar_exact(b, c) == compare.mcnemar_exact(c, b)
