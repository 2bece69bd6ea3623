"""The cluster bootstrap of means."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from safesweep.measures.intervals import (
    bootstrap,
    cluster_bootstrap,
    count_interval,
    mean_intervals,
    rate_interval,
    wilson,
)
from safesweep.measures.resample import cluster_sums

QUICK = settings(max_examples=30, deadline=None, database=None)


def test_a_rate_with_many_prompts_agrees_with_scipys_bootstrap():
    rng = np.random.default_rng(5)
    scored = rng.integers(1, 11, size=1200)
    unsafe = rng.binomial(scored, rng.beta(1, 2, size=1200))
    found = count_interval(unsafe, scored)
    reference = stats.bootstrap(
        (unsafe, scored),
        lambda u, s, axis: u.sum(axis=axis) / s.sum(axis=axis),
        paired=True,
        method="percentile",
        n_resamples=5000,
        rng=np.random.default_rng(2),
    ).confidence_interval
    assert (found.low, found.high) == pytest.approx((reference.low, reference.high), abs=0.0015)
    assert found.estimate == unsafe.sum() / scored.sum()


def test_clusters_matter():
    """Ten copies of each picture say no more than one."""
    flags = np.repeat(np.random.default_rng(3).integers(0, 2, size=200), 10)
    clustered = rate_interval(flags, np.repeat(np.arange(200), 10))
    single = wilson(flags[::10].sum(), 200)
    assert clustered.high - clustered.low == pytest.approx(single[1] - single[0], rel=0.1)
    naive = wilson(flags.sum(), 2000)
    assert clustered.high - clustered.low > 2.5 * (naive[1] - naive[0])


@QUICK
@given(st.lists(st.floats(0, 4, width=16), min_size=2, max_size=20), st.integers(2, 3))
def test_duplicating_every_clusters_rows_keeps_the_bootstrap(scores, times):
    """The same prompts with each picture doubled hold no more information."""
    keys = np.arange(len(scores))
    one = cluster_bootstrap(scores, keys)
    more = cluster_bootstrap(np.repeat(scores, times), np.repeat(keys, times))
    assert (more.low, more.high) == pytest.approx((one.low, one.high), nan_ok=True)
    assert more.estimate == pytest.approx(one.estimate)


def test_ends_of_zeros_and_ones_are_between_jeffreys_and_the_exact_ones():
    """scipy's beta quantiles: half an unsafe picture more, or a whole one (Clopper and Pearson 1934), stretched by t."""
    found = cluster_bootstrap([1.0] * 3 + [0.0] * 37, np.arange(40), ends=(0, 1))
    stretch = stats.t.ppf(0.975, 39) / stats.norm.ppf(0.975)

    def stretched(end):
        return 3 / 40 + (end - 3 / 40) * stretch

    assert stretched(stats.beta(3, 38).ppf(0.025)) <= found.low <= stretched(stats.beta(3.5, 37.5).ppf(0.025)) + 0.004
    assert stretched(stats.beta(3.5, 37.5).ppf(0.975)) - 0.004 <= found.high <= stretched(stats.beta(4, 37).ppf(0.975))
    assert found.kind == "bootstrap"


def test_its_quantiles_are_those_of_drawn_weights(monkeypatch):
    """Reference: a plain draw of Dirichlet weights, half a prompt at the end, for the skewness that such weights have."""
    monkeypatch.setattr(bootstrap, "SKEWNESS", 2.0)
    rng = np.random.default_rng(4)
    values = rng.beta(1, 3, 60)
    found = cluster_bootstrap(values, np.arange(60), ends=(0, 1))
    stretch = stats.t.ppf(0.975, 59) / stats.norm.ppf(0.975)
    for end, place, got in ((0.0, 2.5, found.low), (1.0, 97.5, found.high)):
        drawn = rng.dirichlet([*np.ones(60), 0.5], 40_000) @ np.append(values, end)
        wanted = values.mean() + (np.percentile(drawn, place) - values.mean()) * stretch
        assert got == pytest.approx(wanted, abs=0.0015)


def test_a_normal_mean_agrees_with_students_t_and_with_scipys_bca():
    values = np.random.default_rng(8).normal(0.3, 0.06, 400)
    found = cluster_bootstrap(values, np.arange(400))
    t = stats.ttest_1samp(values, 0).confidence_interval()
    bca = stats.bootstrap((values,), np.mean, method="BCa", n_resamples=10_000, rng=1).confidence_interval
    for reference in (t, bca):
        assert found[1:3] == pytest.approx((reference.low, reference.high), abs=0.0008)


def test_all_zero_scores_have_an_upper_end():
    """A classifier that saw nothing among 20 prompts has not seen that nothing is there."""
    found = cluster_bootstrap([0.0] * 20, np.arange(20), ends=(0, 1))
    assert (found.estimate, found.low) == (0, 0) and 0.08 < found.high < 0.17
    assert math.isnan(cluster_bootstrap([0.0] * 20, np.arange(20)).high)
    with pytest.raises(ValueError, match="0 to 1 is allowed"):
        cluster_bootstrap([0.0, 1.5], ["a", "b"], ends=(0, 1))


def test_the_longer_tail_reaches_further():
    """Losses of a few prompts: scipy's percentile interval stops at what was seen too early."""
    values = np.array([0.0] * 45 + [-0.1] * 4 + [-0.4])
    found = cluster_bootstrap(values, np.arange(50))
    reference = stats.bootstrap((values,), np.mean, method="percentile", n_resamples=5000, rng=1).confidence_interval
    assert found.low < 1.2 * reference.low < 0 and found.high == pytest.approx(reference.high, abs=0.004)
    mirrored = cluster_bootstrap(-values, np.arange(50))
    assert (-mirrored.high, -mirrored.low) == pytest.approx(found[1:3], abs=0.003)


def test_one_cluster_of_scores_has_no_bounds():
    found = cluster_bootstrap([0.1, 0.3], ["a", "a"])
    assert (found.kind, found.estimate) == ("none", pytest.approx(0.2))
    assert math.isnan(found.low)


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
    with pytest.raises(ValueError, match="without powers of 2 means"):
        mean_intervals(sums, counts, ends=(0, 5))
    assert (full.estimate, full.n, full.clusters) == (0.75, 8, 3)
    assert (part.estimate, part.n, part.clusters) == (pytest.approx(1 / 3), 3, 2)
    twin = mean_intervals(np.repeat(sums, 2, axis=1), np.repeat(counts, 2, axis=1))
    assert twin[0] == twin[1] and twin[2] == twin[3]
    with pytest.raises(ValueError, match="sums has shape"):
        mean_intervals(sums, counts[:2])
