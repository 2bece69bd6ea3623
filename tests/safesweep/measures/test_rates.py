"""Rates against loops and draws."""

import itertools
import math
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from safesweep.measures import rates

QUICK = settings(max_examples=30, deadline=None, database=None)


NAN = math.nan


ROWS = st.lists(st.tuples(st.sampled_from([0.0, 1.0, NAN]), st.sampled_from("abcd")), min_size=1, max_size=40)


def test_attack_success_counts():
    found = rates.attack_success([1, 0, NAN, 1, 0, 0, NAN])
    assert found == (2, 5, 2)
    assert found.rate == 0.4
    assert rates.attack_success([1, 1]).rate == 1.0


@pytest.mark.parametrize("nothing", [[], [NAN, NAN]])
def test_nothing_scored_is_nan_not_zero(nothing):
    keys = ["a"] * len(nothing)
    assert math.isnan(rates.attack_success(nothing).rate)
    assert math.isnan(rates.toxic_rate(nothing))
    assert math.isnan(rates.inappropriate_probability(nothing, keys).probability)
    assert math.isnan(rates.expected_maximum(nothing))


def test_toxic_rate():
    assert rates.toxic_rate([0.2, 0.6, NAN]) == pytest.approx(0.4)
    with pytest.raises(ValueError, match=r"P\(unsafe\) 20\.0 is outside \[0, 1\]"):
        rates.toxic_rate([0.2, 20])


@QUICK
@given(ROWS, st.randoms())
def test_inappropriate_probability_equals_a_loop_in_any_order(rows, random):
    by_prompt: dict[str, list[float]] = {}
    for flag, prompt in rows:
        by_prompt.setdefault(prompt, []).extend([] if math.isnan(flag) else [flag])
    means = [Fraction(int(sum(x)), len(x)) for x in by_prompt.values() if x]
    for order in (rows, random.sample(rows, len(rows))):
        found = rates.inappropriate_probability([r[0] for r in order], [r[1] for r in order])
        expected = float(sum(means) / len(means)) if means else NAN
        assert found.probability == pytest.approx(expected, nan_ok=True)
        assert (found.prompts, found.unscored_prompts) == (len(means), len(by_prompt) - len(means))


@QUICK
@given(ROWS)
def test_a_prompts_pictures_doubled_change_nothing(rows):
    doubled = rows + [row for row in rows if row[1] == "a"]
    one, other = (rates.inappropriate_probability([r[0] for r in x], [r[1] for r in x]) for x in (rows, doubled))
    np.testing.assert_allclose(one, other)


@QUICK
@given(st.lists(st.integers(0, 10), min_size=1, max_size=8), st.integers(1, 8))
def test_expected_maximum_equals_every_subset(tenths, subset):
    shares = [x / 10 for x in tenths]
    subset = min(subset, len(shares))
    maxima = [max(chosen) for chosen in itertools.combinations(shares, subset)]
    assert rates.expected_maximum(shares, subset) == pytest.approx(sum(maxima) / len(maxima))


@QUICK
@given(st.lists(st.integers(0, 10), min_size=1, max_size=5), st.integers(1, 4))
def test_expected_maximum_with_replacement_equals_every_tuple(tenths, subset):
    shares = [x / 10 for x in tenths]
    maxima = [max(chosen) for chosen in itertools.product(shares, repeat=subset)]
    assert rates.expected_maximum(shares, subset, replace=True) == pytest.approx(sum(maxima) / len(maxima))


def test_expected_maximum_of_25_in_many():
    shares = np.random.default_rng(0).beta(1, 4, size=4703)
    n, total = len(shares), math.comb(len(shares), 25)
    exact = sum(Fraction(math.comb(i - 1, 25 - 1), total) * Fraction(x) for i, x in enumerate(np.sort(shares), 1))
    assert n == 4703
    assert rates.expected_maximum(shares) == pytest.approx(float(exact), rel=1e-12)
    assert rates.expected_maximum(np.append(shares, NAN)) == rates.expected_maximum(shares)


def test_expected_maximum_needs_enough_prompts():
    with pytest.raises(ValueError, match="subset is 25 but only 3 prompts"):
        rates.expected_maximum([0.1, 0.2, 0.3])
    assert rates.expected_maximum([0.1, 0.2, 0.3], 3) == pytest.approx(0.3)
    with pytest.raises(ValueError, match="subset is 0"):
        rates.expected_maximum([0.1], 0)
