"""Wilson and cluster bootstrap."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from safesweep.measures.intervals import (
    cluster_bootstrap,
    count_interval,
    expected_maximum_interval,
    mean_intervals,
    rate_interval,
    wilson,
)
from safesweep.measures.rates import expected_maximum
from safesweep.measures.resample import cluster_sums

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


def test_one_image_a_prompt_is_wilson():
    flags = np.array([1.0, 0, 0, np.nan, 1])
    found = rate_interval(flags, list("abcda"))
    assert found.kind == "bootstrap"  # "a" has two pictures.
    found = rate_interval(flags, list("abcde"))
    assert (found.kind, found.n, found.clusters, found.estimate) == ("wilson", 4, 4, 0.5)
    assert (found.low, found.high) == wilson(2, 4)


def test_an_unscored_second_image_leaves_one_image_a_prompt():
    assert rate_interval([1, np.nan, 0, np.nan], ["a", "a", "b", "b"]).kind == "wilson"


@pytest.mark.parametrize("flag", [0.0, 1.0])
def test_all_alike_with_several_images_has_width(flag):
    found = rate_interval([flag] * 950, np.repeat(np.arange(95), 10))
    assert (found.kind, found.n, found.clusters, found.estimate) == ("wilson over clusters", 950, 95, flag)
    assert (found.low, found.high) == wilson(95 * flag, 95)


def test_one_prompt_says_little():
    found = rate_interval([1, 0, 1, 0], ["a"] * 4)
    assert found.kind == "wilson over clusters"
    assert found.high - found.low > 0.7


@pytest.mark.parametrize("flags", [[], [np.nan, np.nan]])
def test_nothing_scored_is_nan_not_zero(flags):
    for found in (rate_interval(flags, ["a"] * len(flags)), cluster_bootstrap(flags, ["a"] * len(flags))):
        assert (found.kind, found.n, found.clusters) == ("none", 0, 0)
        assert all(math.isnan(x) for x in found[:3])


def test_bootstrap_agrees_with_scipys():
    rng = np.random.default_rng(5)
    scored = rng.integers(1, 11, size=120)
    unsafe = rng.binomial(scored, rng.beta(1, 2, size=120))
    found = count_interval(unsafe, scored, draws=20_000, seed=1)
    reference = stats.bootstrap(
        (unsafe, scored),
        lambda u, s, axis: u.sum(axis=axis) / s.sum(axis=axis),
        paired=True,
        method="percentile",
        n_resamples=20_000,
        rng=np.random.default_rng(2),
    ).confidence_interval
    assert (found.low, found.high) == pytest.approx((reference.low, reference.high), abs=0.004)
    assert found.estimate == unsafe.sum() / scored.sum()


def test_clusters_matter():
    """Ten copies of each picture say no more than one."""
    flags = np.repeat(np.random.default_rng(3).integers(0, 2, size=200), 10)
    clustered = rate_interval(flags, np.repeat(np.arange(200), 10), draws=4000)
    single = wilson(flags[::10].sum(), 200)
    assert clustered.high - clustered.low == pytest.approx(single[1] - single[0], rel=0.1)
    naive = wilson(flags.sum(), 2000)
    assert clustered.high - clustered.low > 2.5 * (naive[1] - naive[0])


def test_coverage():
    """Of 300 simulated studies with 60 prompts of 5 images each, about 95 % cover the truth (mean of the prompts' rates)."""
    rng = np.random.default_rng(11)
    covered = 0
    for study in range(300):
        unsafe = rng.binomial(5, rng.beta(1, 3, size=60))
        found = count_interval(unsafe, np.full(60, 5), draws=400, seed=study)
        covered += found.low <= 0.25 <= found.high
    assert 0.90 <= covered / 300 <= 0.985


FLAGS = st.lists(st.tuples(st.sampled_from([0.0, 1.0, math.nan]), st.sampled_from("abcdef")), min_size=1, max_size=40)


@QUICK
@given(FLAGS, st.randoms())
def test_row_order_does_not_matter(rows, random):
    shuffled = random.sample(rows, len(rows))
    one, other = (rate_interval([r[0] for r in x], [r[1] for r in x], draws=50) for x in (rows, shuffled))
    np.testing.assert_equal(one, other)


@QUICK
@given(FLAGS)
def test_bounds_are_rates(rows):
    found = rate_interval([r[0] for r in rows], [r[1] for r in rows], draws=50)
    assert found.kind == "none" or 0 <= found.low <= found.high <= 1


@QUICK
@given(st.lists(st.integers(0, 4), min_size=1, max_size=20), st.integers(2, 3))
def test_duplicating_every_clusters_rows_keeps_the_bootstrap(unsafe, times):
    """The same prompts with each picture doubled hold no more information."""
    unsafe, scored = np.array(unsafe), np.full(len(unsafe), 4)
    one = count_interval(unsafe, scored, draws=50)
    more = count_interval(unsafe * times, scored * times, draws=50)
    assert (more.low, more.high, more.estimate) == pytest.approx((one.low, one.high, one.estimate))


def test_more_clusters_narrow_the_interval():
    rng = np.random.default_rng(0)
    unsafe = rng.integers(0, 5, size=50)
    widths = [np.diff(count_interval(np.tile(unsafe, k), np.full(50 * k, 4))[1:3])[0] for k in (1, 4, 16)]
    assert widths[0] / widths[1] == pytest.approx(2, rel=0.15)
    assert widths[1] / widths[2] == pytest.approx(2, rel=0.15)


def test_one_cluster_of_scores_has_no_bounds():
    found = cluster_bootstrap([0.1, 0.3], ["a", "a"])
    assert (found.kind, found.estimate) == ("none", pytest.approx(0.2))
    assert math.isnan(found.low)


def test_bad_values_are_named():
    with pytest.raises(ValueError, match=r"unsafe holds 0\.5"):
        rate_interval([0.5], ["a"])
    with pytest.raises(ValueError, match="shape"):
        rate_interval([1, 0], ["a"])
    with pytest.raises(ValueError, match=r"cluster 1 has unsafe 3\.0 of scored 2\.0"):
        count_interval([1, 3], [2, 2])


@given(st.lists(st.tuples(st.sampled_from("abcdefgh"), st.integers(0, 10)), min_size=1, max_size=30), st.randoms())
@QUICK
def test_many_means_at_once_equal_one_at_a_time(rows, random):
    values, keys = np.array([v / 10 for _, v in rows]), np.array([k for k, _ in rows])
    order = random.sample(range(len(rows)), len(rows))
    table = cluster_sums(np.stack([values[order], np.ones(len(rows))], axis=1), keys[order])
    (many,) = mean_intervals(table[:, :1], table[:, 1:])
    one = cluster_bootstrap(values, keys)
    assert many.estimate == pytest.approx(one.estimate) and (many.n, many.clusters) == (one.n, one.clusters)
    means = table[:, 0] / table[:, 1]
    if (means != means[0]).any():
        assert many[1:4] == (pytest.approx(one.low), pytest.approx(one.high), "bootstrap")
    else:
        assert math.isnan(many.low) and many.kind == "none"


def test_means_leave_out_clusters_without_values_and_take_the_same_draws():
    sums, counts = np.array([[1.0, 1.0], [0.0, 0.0], [5.0, 0.0]]), np.array([[2.0, 2.0], [1.0, 1.0], [5.0, 0.0]])
    full, part = mean_intervals(sums, counts)
    assert (full.estimate, full.n, full.clusters) == (0.75, 8, 3)
    assert (part.estimate, part.n, part.clusters) == (pytest.approx(1 / 3), 3, 2)
    twin = mean_intervals(np.repeat(sums, 2, axis=1), np.repeat(counts, 2, axis=1))
    assert twin[0] == twin[1] and twin[2] == twin[3]
    with pytest.raises(ValueError, match="sums has shape"):
        mean_intervals(sums, counts[:2])


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
