"""Two cells on the same prompts."""

import itertools
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from safesweep.measures import compare
from safesweep.measures.intervals import cluster_bootstrap, mean_intervals, powers, wilson

QUICK = settings(max_examples=30, deadline=None, database=None)


NAN = math.nan


def flags(both: int, only_baseline: int, only_candidate: int, neither: int) -> tuple[np.ndarray, np.ndarray]:
    counts = [both, only_baseline, only_candidate, neither]
    return np.repeat([1.0, 1, 0, 0], counts), np.repeat([1.0, 0, 1, 0], counts)


def test_paired_rates_one_image_a_prompt():
    a, b = flags(10, 12, 2, 76)
    a, b = np.append(a, [NAN, 1]), np.append(b, [0, NAN])
    found = compare.paired_rates(a, b, np.arange(102))
    assert found.difference == pytest.approx(-0.10)
    assert found.p_value == pytest.approx(2 * sum(math.comb(14, i) for i in range(3)) / 2**14)
    assert (found.pairs, found.unpaired, found.clusters, found.test) == (100, 2, 100, "exact McNemar")
    assert (found.low, found.high) == cluster_bootstrap((b - a)[:100], np.arange(100), ends=(-1, 1))[1:3]
    assert found.low < -0.10 < found.high < 0


def test_several_images_a_prompt_flip_whole_clusters():
    rng = np.random.default_rng(1)
    a, keys = rng.integers(0, 2, size=(8, 5)).astype(float), np.repeat(np.arange(8), 5)
    b = np.where(rng.random((8, 5)) < 0.6, 0, a)
    found = compare.paired_rates(a.ravel(), b.ravel(), keys)
    sums = (b - a).sum(axis=1)
    sums = sums[sums != 0]
    flips = np.array([s @ sums for s in itertools.product([1, -1], repeat=len(sums))])
    observed = sums.sum()
    expected = min(1.0, 2 * min(np.mean(flips <= observed), np.mean(flips >= observed)))
    assert found.p_value == pytest.approx(expected)
    assert (found.test, found.interval, found.pairs, found.clusters) == (
        "sign flip of clusters",
        "bootstrap of rates",
        40,
        8,
    )
    assert found.low <= found.difference <= found.high


def test_several_images_without_any_difference_have_width():
    found = compare.paired_rates(np.zeros(100), np.zeros(100), np.repeat(np.arange(20), 5))
    assert (found.difference, found.p_value, found.interval) == (0, 1, "bootstrap of rates")
    # Wider than for as many prompts with a pair each that are all copies, and never wider than the rate of those that may differ.
    assert found.low == pytest.approx(-found.high) and wilson(0, 100)[1] < found.high < wilson(0, 20)[1]
    assert found.at_most == wilson(0, 20)[1]
    assert found.detectable == compare.detectable_rate_difference(20, 0.0)


def test_paired_scores_agree_with_scipy():
    rng = np.random.default_rng(2)
    a = rng.normal(size=80)
    b = a + rng.normal(0.2, 0.5, size=80)
    found = compare.paired_scores(a, b, np.arange(80), draws=20_000)
    reference = stats.bootstrap(
        (b - a,), np.mean, method="percentile", n_resamples=20_000, rng=np.random.default_rng(3)
    )
    bounds = reference.confidence_interval
    assert (found.low, found.high) == pytest.approx((bounds.low, bounds.high), abs=0.016)
    assert found.difference == pytest.approx((b - a).mean())
    assert found.p_value == pytest.approx(stats.ttest_rel(a, b).pvalue, abs=0.01)
    assert found.detectable == pytest.approx(2.8016 * stats.sem(b - a), rel=1e-4)
    assert math.isnan(found.at_most)


def test_pairs_that_are_all_equal_say_how_many_may_differ():
    scores = np.random.default_rng(0).random(60)
    found = compare.paired_scores(scores, scores, np.repeat(np.arange(30), 2))
    assert (found.difference, found.p_value, found.interval) == (0, 1, "none")
    assert math.isnan(found.low) and math.isnan(found.detectable)
    assert found.at_most == wilson(0, 30)[1]


TABLES = [(36, 2, 12, 0), (53, 0, 1, 0), (0, 3, 1, 96), (10, 5, 15, 70), (0, 0, 0, 95)]
"""Both unsafe, only the baseline, only the candidate, neither."""


@pytest.mark.parametrize("table", TABLES)
def test_exchanging_the_sides_turns_the_interval_round(table):
    a, b = flags(*table)
    keys = np.arange(len(a))
    low, high = compare.paired_rates(a, b, keys)[1:3]
    assert compare.paired_rates(b, a, keys)[1:3] == pytest.approx((-high, -low), abs=1e-12)
    assert -1 <= low < (table[2] - table[1]) / len(a) < high <= 1


@pytest.mark.parametrize("table", [TABLES[0], TABLES[3], (20, 9, 24, 147)])
def test_a_paired_difference_is_near_the_published_intervals(table):
    """Newcombe 1998, Stat. Med. 17:2635, method 10 (0.0569 to 0.3404 for the first) and Wald's with a pair in every cell."""
    _, only_a, only_b, _ = table
    n = sum(table)
    found = compare.paired_rates(*flags(*table), np.arange(n))
    difference = (only_b - only_a) / (n + 2)
    adjusted = ((only_a + only_b + 1) / (n + 2) - difference**2) / (n + 2)
    bounds = difference - 1.96 * adjusted**0.5, difference + 1.96 * adjusted**0.5
    assert found[1:3] == pytest.approx(bounds, abs=0.035)
    if table == TABLES[0]:
        assert found[1:3] == pytest.approx((0.0569, 0.3404), abs=0.035)


def test_pairs_that_go_together_within_prompts_widen_it():
    rng = np.random.default_rng(0)
    a, b = (rng.binomial(1, rate, 400) for rate in (0.3, 0.2))
    alone = compare.paired_rates(a, b, np.arange(400))
    copies = compare.paired_rates(np.repeat(a[:40], 10), np.repeat(b[:40], 10), np.repeat(np.arange(40), 10))
    assert copies.high - copies.low > 2 * (alone.high - alone.low)
    once = compare.paired_rates(a[:40], b[:40], np.arange(40))
    assert copies[1:3] == pytest.approx(once[1:3], abs=0.01)


def test_a_paired_difference_covers():
    rng = np.random.default_rng(0)
    both, only_a, only_b, _ = rng.multinomial(60, [0.1, 0.15, 0.05, 0.7], size=800).T
    place = np.arange(60)[:, None]
    change = np.where(place < only_a, -1.0, np.where(place < only_a + only_b, 1.0, 0.0))
    found = mean_intervals(change, np.ones_like(change), powers=powers(change), ends=(-1, 1))
    one = compare.paired_rates(*flags(both[0], only_a[0], only_b[0], 60 - both[0] - only_a[0] - only_b[0]), range(60))
    assert one[:3] == pytest.approx(found[0][:3])
    assert 0.93 <= np.mean([interval.low <= -0.10 <= interval.high for interval in found]) <= 0.975


@QUICK
@given(st.randoms())
def test_row_order_does_not_matter(random):
    rng = np.random.default_rng(4)
    a, b, keys = rng.normal(size=30), rng.normal(size=30), rng.integers(0, 9, size=30)
    order = np.array(random.sample(range(30), 30))
    one = compare.paired_scores(a, b, keys, draws=50)
    other = compare.paired_scores(a[order], b[order], keys[order], draws=50)
    assert one[:8] == pytest.approx(other[:8])


def test_no_pairs_is_nan_not_zero():
    for found in (compare.paired_rates([1], [NAN], ["a"]), compare.paired_scores([], [], [])):
        assert all(math.isnan(x) for x in found[:5])
        assert (found.pairs, found.interval) == (0, "none")


def test_one_cluster_of_scores_has_no_bounds():
    found = compare.paired_scores([1.0, 2.0], [2.0, 3.0], ["a", "a"])
    assert (found.difference, found.p_value, found.clusters) == (1.0, 1.0, 1)
    assert math.isnan(found.low)
    assert math.isnan(found.detectable)


def test_shapes_and_values():
    with pytest.raises(ValueError, match="one equal length"):
        compare.paired_rates([1, 0], [1], ["a", "b"])
    with pytest.raises(ValueError, match=r"unsafe holds 0\.5"):
        compare.paired_rates([0.5], [1], ["a"])
    with pytest.raises(ValueError, match="counts are -1 and 0"):
        compare.mcnemar_exact(-1, 0)
