"""Paired comparisons."""

import itertools
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
NAN = math.nan


def flags(both: int, only_baseline: int, only_candidate: int, neither: int) -> tuple[np.ndarray, np.ndarray]:
    counts = [both, only_baseline, only_candidate, neither]
    return np.repeat([1.0, 1, 0, 0], counts), np.repeat([1.0, 0, 1, 0], counts)


@QUICK
@given(st.integers(0, 60), st.integers(0, 60))
def test_mcnemar_is_a_sign_test(b, c):
    expected = stats.binomtest(b, b + c, 0.5).pvalue if b + c else 1.0
    assert compare.mcnemar_exact(b, c) == pytest.approx(expected)
    assert compare.mcnemar_exact(b, c) == compare.mcnemar_exact(c, b)


def test_paired_rates_one_image_a_prompt():
    a, b = flags(10, 12, 2, 76)
    a, b = np.append(a, [NAN, 1]), np.append(b, [0, NAN])
    found = compare.paired_rates(a, b, np.arange(102))
    assert found.difference == pytest.approx(-0.10)
    assert found.p_value == pytest.approx(2 * sum(math.comb(14, i) for i in range(3)) / 2**14)
    assert (found.pairs, found.unpaired, found.clusters, found.test) == (100, 2, 100, "exact McNemar")
    assert (found.low, found.high) == compare.newcombe(10, 12, 2, 76)
    assert found.low < -0.10 < found.high < 0


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
    assert (found.test, found.interval, found.pairs, found.clusters) == ("sign flip of clusters", "bootstrap", 40, 8)
    assert found.low <= found.difference <= found.high


def test_several_images_without_any_difference_have_width():
    found = compare.paired_rates(np.zeros(100), np.zeros(100), np.repeat(np.arange(20), 5))
    assert (found.difference, found.p_value, found.interval) == (0, 1, "Newcombe")
    assert (found.low, found.high) == compare.newcombe(0, 0, 0, 20)
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
    assert (found.low, found.high) == pytest.approx((bounds.low, bounds.high), abs=0.006)
    assert found.difference == pytest.approx((b - a).mean())
    assert found.p_value == pytest.approx(stats.ttest_rel(a, b).pvalue, abs=0.01)
    assert found.detectable == pytest.approx(2.8016 * reference.standard_error, rel=0.03)


def test_random_flips_agree_with_scipys():
    rng = np.random.default_rng(6)
    for sums in (rng.normal(0.2, 1, 40), rng.integers(-2, 4, 60).astype(float)):
        found = compare._random_flips(sums[sums != 0], 20_000, 0)
        reference = stats.permutation_test(
            (sums,),
            lambda x, axis: x.sum(axis=axis),
            permutation_type="samples",
            vectorized=True,
            n_resamples=20_000,
            rng=1,
        )
        assert found == pytest.approx(reference.pvalue, abs=0.012)


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


def test_holm_by_hand():
    """Holm 1979: sorted p times (m, m-1, ...), made monotone."""
    found = compare.holm({"a": 0.01, "b": 0.04, "c": 0.03, "d": 0.005, "none": NAN})
    assert found == pytest.approx({"a": 0.03, "b": 0.06, "c": 0.06, "d": 0.02, "none": NAN}, nan_ok=True)
    assert list(found) == ["a", "b", "c", "d", "none"]
    assert compare.holm({}) == {}
    with pytest.raises(ValueError, match=r"p-value of 'a' is 1\.5"):
        compare.holm({"a": 1.5})


@pytest.mark.parametrize(("n", "psi", "delta"), [(8, 0.9, 0.9), (12, 0.6, 0.4), (40, 0.3, 0.2), (40, 0.3, -0.2)])
def test_power_equals_a_sum_over_every_table(n, psi, delta):
    p, q = (psi + delta) / 2, (psi - delta) / 2
    power = 0.0
    for b in range(n + 1):
        for c in range(n + 1 - b):
            if b + c and stats.binomtest(b, b + c).pvalue <= 0.05:
                power += stats.multinomial.pmf([b, c, n - b - c], n, [p, q, max(1 - psi, 0)])
    assert compare.mcnemar_power(n, psi, delta) == pytest.approx(power, abs=1e-9)


def test_detectable_difference():
    delta = compare.detectable_rate_difference(200, 0.2)
    assert compare.mcnemar_power(200, 0.2, delta) == pytest.approx(0.8, abs=1e-6)
    z = stats.norm.ppf([0.975, 0.8])
    # Connor's large-sample number of pairs for that difference is near, and below since the exact test is conservative.
    pairs = ((z[0] * math.sqrt(0.2) + z[1] * math.sqrt(0.2 - delta**2)) / delta) ** 2
    assert 160 < pairs <= 200


def test_detectable_difference_of_a_silent_sample():
    """Without discordant pairs, 100 pairs find no less than what gives six of them with power .8."""
    delta = compare.detectable_rate_difference(100, 0.0)
    assert stats.binom.sf(5, 100, delta) == pytest.approx(0.8, abs=1e-6)
    assert math.isnan(compare.detectable_rate_difference(5, 0.5))
    assert math.isnan(compare.detectable_rate_difference(0, 0.0))
    assert compare.detectable_rate_difference(6, 0.0) < 1
    # A few discordant pairs are as silent: what could be found takes more of them than were seen.
    assert compare.detectable_rate_difference(100, 0.03) == pytest.approx(delta)


def test_detectable_mean_difference():
    assert compare.detectable_mean_difference(2.0) == pytest.approx(2 * (1.959964 + 0.841621), rel=1e-6)
    assert math.isnan(compare.detectable_mean_difference(0.0))


def test_power_ranges():
    with pytest.raises(ValueError, match=r"difference 0\.3"):
        compare.mcnemar_power(10, 0.2, 0.3)
    with pytest.raises(ValueError, match=r"discordance 1\.2"):
        compare.detectable_rate_difference(10, 1.2)
