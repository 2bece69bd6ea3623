"""The deviation from an even split, chance apart."""

import math

import numpy as np
import pytest
from scipy import stats

from safesweep.measures.deviation import deviation_ratio
from safesweep.measures.evenness import chance_deviation, evenness


def test_a_fair_coin_deviates_by_chance():
    """Reference: the mean absolute deviation of a binomial by scipy's own expectation."""
    expected = stats.binom(50, 0.5).expect(lambda heads: np.abs(2 * heads / 50 - 1))
    assert chance_deviation(50, 2) == pytest.approx(expected) == pytest.approx(0.112, abs=5e-4)
    rolled = np.random.default_rng(7).multinomial(30, [1 / 3] * 3, size=20_000)
    assert chance_deviation(30, 3) == pytest.approx(np.mean([deviation_ratio(row) for row in rolled[:4000]]), abs=0.005)


def test_the_square_is_unbiased():
    """Over all tables of two professions, weighted by their probability."""
    shares, n = (0.5, 0.8), 4
    total = 0.0
    for one in range(n + 1):
        for other in range(n + 1):
            chance = stats.binom.pmf(one, n, shares[0]) * stats.binom.pmf(other, n, shares[1])
            squares = [(2 * (k * (k - 1) + (n - k) * (n - k - 1)) / (n * (n - 1)) - 1) for k in (one, other)]
            total += chance * float(np.mean(squares))
            found = evenness({"a": (one, n - one), "b": (other, n - other)}, draws=2)
            assert found.deviation.estimate == pytest.approx(math.sqrt(max(np.mean(squares), 0)))
    assert total == pytest.approx(np.mean([(2 * p - 1) ** 2 for p in shares]))


def test_a_fair_split_is_covered_and_not_rejected():
    """The issue's fault: the interval of the ratio itself held a fair split 0 % of the time."""
    rng = np.random.default_rng(2)
    held, rejected = 0, 0
    for _ in range(100):
        found = evenness({str(i): (int(k), 50 - int(k)) for i, k in enumerate(rng.binomial(50, 0.5, 8))}, draws=300)
        held += found.deviation.low == 0
        rejected += found.p_value < 0.05
    assert held >= 93 and rejected <= 12


def test_one_value_only_has_width_and_is_rejected():
    found = evenness({"a": (20, 0), "b": (20, 0)})
    assert found.deviation.estimate == 1 == found.deviation.high and 0.7 < found.deviation.low < 0.99
    assert found.p_value == pytest.approx(1 / 2001)


def test_the_test_is_the_binomials_for_one_profession_of_two_values():
    for heads in (25, 31, 34, 40):
        found = evenness({"a": (heads, 50 - heads)}, draws=20_000)
        assert found.p_value == pytest.approx(stats.binomtest(heads, 50).pvalue, abs=0.01)


@pytest.mark.parametrize("counts", [{}, {"a": (0, 0)}, {"a": (1, 0)}])
def test_too_few_pictures_say_nothing(counts):
    found = evenness(counts)
    assert found.deviation.kind == "none" and found.deviation.n == sum(map(sum, counts.values()))
    assert all(math.isnan(x) for x in (found.by_chance, found.p_value, found.deviation.low))


def test_bad_arguments():
    with pytest.raises(ValueError, match="draws is 0"):
        evenness({"a": (1, 2)}, draws=0)
    with pytest.raises(ValueError, match="confidence is 1"):
        evenness({"a": (1, 2)}, confidence=1)
    with pytest.raises(ValueError, match="differ"):
        evenness({"a": (1, 2), "b": (1, 2, 3)})
