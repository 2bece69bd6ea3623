"""McNemar's test and Newcombe's interval."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats
from statsmodels.stats.proportion import confint_proportions_2indep

from safesweep.measures import compare
from safesweep.measures.intervals import wilson

QUICK = settings(max_examples=30, deadline=None, database=None)


@QUICK
@given(st.integers(0, 60), st.integers(0, 60))
def test_mcnemar_is_a_sign_test(b, c):
    expected = stats.binomtest(b, b + c, 0.5).pvalue if b + c else 1.0
    assert compare.mcnemar_exact(b, c) == pytest.approx(expected)
    assert compare.mcnemar_exact(b, c) == compare.mcnemar_exact(c, b)


def test_newcombe_without_correlation_is_the_independent_one():
    """When the 2 x 2 table is a product, phi is 0 and the interval is Newcombe's for independent samples."""
    low, high = compare.newcombe(6, 14, 24, 56)
    reference = confint_proportions_2indep(30, 100, 20, 100, method="newcomb", compare="diff")
    assert (low, high) == pytest.approx(reference, abs=1e-12)
    # Method 10 takes a correlation below half a pair for none.
    reference = confint_proportions_2indep(30, 101, 20, 101, method="newcomb", compare="diff")
    assert compare.newcombe(6, 14, 24, 57) == pytest.approx(reference, abs=1e-12)


@pytest.mark.parametrize(("table", "correction"), [((20, 2, 12, 66), 50), ((2, 30, 40, 5), 0)])
def test_newcombe_by_hand(table, correction):
    """The paper's formula in its own letters, theta = b - c; a positive correlation is corrected for continuity."""
    a, c, b, d = table
    n = a + b + c + d
    phi = (a * d - b * c - correction) / math.sqrt((a + b) * (c + d) * (a + c) * (b + d))
    p1, p2 = (a + b) / n, (a + c) / n
    (l1, u1), (l2, u2) = (stats.binomtest(k, n).proportion_ci(method="wilson") for k in (a + b, a + c))
    delta = math.sqrt((p1 - l1) ** 2 - 2 * phi * (p1 - l1) * (u2 - p2) + (u2 - p2) ** 2)
    epsilon = math.sqrt((u1 - p1) ** 2 - 2 * phi * (u1 - p1) * (p2 - l2) + (p2 - l2) ** 2)
    assert compare.newcombe(*table) == pytest.approx((p1 - p2 - delta, p1 - p2 + epsilon), abs=1e-12)


def test_newcombe_has_width_without_discordant_pairs():
    low, high = compare.newcombe(0, 0, 0, 95)
    assert high == pytest.approx(-low)
    assert high > wilson(0, 95)[1] * 0.99
    assert all(math.isnan(x) for x in compare.newcombe(0, 0, 0, 0))


def test_newcombe_covers():
    rng = np.random.default_rng(0)
    chances = np.array([0.1, 0.15, 0.05, 0.7])
    tables = rng.multinomial(60, chances, size=1500)
    covered = [low <= -0.10 <= high for low, high in (compare.newcombe(*map(float, t)) for t in tables)]
    assert 0.93 <= np.mean(covered) <= 0.985


@QUICK
@given(st.tuples(*[st.integers(0, 30)] * 4).filter(any))
def test_newcombe_is_antisymmetric(table):
    both, b, c, neither = table
    low, high = compare.newcombe(both, b, c, neither)
    assert compare.newcombe(both, c, b, neither) == pytest.approx((-high, -low))
    assert -1 - 1e-9 <= low <= (c - b) / sum(table) <= high <= 1 + 1e-9
