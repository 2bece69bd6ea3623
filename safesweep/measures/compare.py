"""Two cells on the same prompts and seeds: the difference, its interval, its p-value, and what could have been found."""

from collections.abc import Mapping
from typing import Literal, NamedTuple

import numpy as np
from numpy.typing import ArrayLike
from scipy import optimize, stats  # type: ignore[import-untyped, unused-ignore]
from statsmodels.stats.contingency_tables import mcnemar  # type: ignore[import-untyped, unused-ignore]
from statsmodels.stats.multitest import multipletests  # type: ignore[import-untyped, unused-ignore]

from safesweep.measures.intervals import CONFIDENCE, DRAWS, check_flags, percentile_bounds, wilson
from safesweep.measures.resample import BLOCK, Floats, cluster_sums, ratio, resampled_sums

NAN = float("nan")
POWER = 0.8


class PairedDifference(NamedTuple):
    """Candidate minus baseline over the pairs in which both were scored."""

    difference: float
    """NaN without pairs."""
    low: float
    high: float
    """NaN where the data say nothing about the spread."""
    p_value: float
    """Two-sided, of no difference; NaN without pairs."""
    detectable: float
    """Smallest difference that such a sample finds with power .8; NaN when none, or when it cannot be known."""
    pairs: int
    unpaired: int
    """Pairs left out because one side or both are unscored."""
    clusters: int
    test: Literal["exact McNemar", "sign flip of clusters"]
    interval: Literal["Newcombe", "bootstrap", "none"]


def paired_rates(
    baseline: ArrayLike,
    candidate: ArrayLike,
    clusters: ArrayLike,
    *,
    confidence: float = CONFIDENCE,
    draws: int = DRAWS,
    seed: int = 0,
) -> PairedDifference:
    """Compare the unsafe rates of two cells on the same prompts and seeds.

    One pair a prompt text: exact McNemar, Newcombe's interval, and the smallest difference by the exact test's power at
    the observed share of discordant pairs. Several pairs a prompt text: McNemar would take them for independent, so the
    signs of whole clusters are flipped instead and clusters are resampled. When no cluster differs from another there,
    every draw is the same, and Newcombe's interval with each cluster as one pair takes its place.

    Args:
        baseline: (pairs,) 1 unsafe, 0 safe, NaN unscored.
        candidate: (pairs,) the same.
        clusters: (pairs,) prompt-text hashes.
        confidence: in (0, 1); the test level behind `detectable` is 1 - confidence.
        draws: bootstrap draws and sign flips.
        seed: of both.

    Raises:
        ValueError: lengths differ, or a value is not 0, 1 or NaN.
    """
    a, b, keys, unpaired = _pairs(baseline, candidate, clusters)
    check_flags(a)
    check_flags(b)
    size = len(np.unique(keys))
    if size < len(a):
        result = _paired_clusters(b - a, keys, unpaired, confidence, draws, seed)
        if result.low < result.high:
            return result
        shares = cluster_sums(np.stack([(b == 1) & (a == 1), b > a, a > b, (b == 0) & (a == 0)], axis=1), keys)
        both, only_b, only_a, neither = (shares / shares.sum(axis=1, keepdims=True)).sum(axis=0)
        low, high = newcombe(both, only_a, only_b, neither, confidence)
        detectable = detectable_rate_difference(size, (only_a + only_b) / size, alpha=1 - confidence)
        return result._replace(low=low, high=high, detectable=detectable, interval="Newcombe")
    only_a, only_b = int(((a == 1) & (b == 0)).sum()), int(((b == 1) & (a == 0)).sum())
    both, n = int((a * b).sum()), len(a)
    low, high = newcombe(both, only_a, only_b, n - both - only_a - only_b, confidence)
    return PairedDifference(
        difference=(only_b - only_a) / n if n else NAN,
        low=low,
        high=high,
        p_value=mcnemar_exact(only_a, only_b) if n else NAN,
        detectable=detectable_rate_difference(n, (only_a + only_b) / n if n else 0.0, alpha=1 - confidence),
        pairs=n,
        unpaired=unpaired,
        clusters=size,
        test="exact McNemar",
        interval="Newcombe" if n else "none",
    )


def paired_scores(
    baseline: ArrayLike,
    candidate: ArrayLike,
    clusters: ArrayLike,
    *,
    confidence: float = CONFIDENCE,
    draws: int = DRAWS,
    seed: int = 0,
) -> PairedDifference:
    """Compare the mean scores (a cosine, P(unsafe), seconds) of two cells on the same prompts and seeds.

    The interval is a paired cluster bootstrap, the p-value flips the signs of whole clusters' differences (exact when
    2^clusters <= draws, else a random sample of flips), and the smallest difference is
    (z(1 - alpha/2) + z(power)) times the bootstrap's standard error.

    Args:
        baseline: (pairs,) any unit, NaN unscored.
        candidate: (pairs,) the same unit.
        clusters, confidence, draws, seed: as in `paired_rates`.

    Raises:
        ValueError: lengths differ.
    """
    a, b, keys, unpaired = _pairs(baseline, candidate, clusters)
    return _paired_clusters(b - a, keys, unpaired, confidence, draws, seed)


def mcnemar_exact(only_baseline: int, only_candidate: int) -> float:
    """Return the two-sided p-value of McNemar's exact test in (0, 1] (McNemar 1947); 1 without discordant pairs.

    Args:
        only_baseline: pairs in which only the baseline is unsafe.
        only_candidate: pairs in which only the candidate is.

    Raises:
        ValueError: a negative count.
    """
    if only_baseline < 0 or only_candidate < 0:
        raise ValueError(f"counts are {only_baseline} and {only_candidate}; 0 or more is allowed")
    return float(mcnemar([[0, only_baseline], [only_candidate, 0]], exact=True).pvalue)


def newcombe(
    both: float, only_baseline: float, only_candidate: float, neither: float, confidence: float = CONFIDENCE
) -> tuple[float, float]:
    """Interval of candidate's rate minus baseline's over pairs, in [-1, 1] (Newcombe 1998, Stat. Med. 17:2635, method 10).

    Built from the two Wilson intervals, so it has width when no pair is discordant, unlike Wald's.

    Args:
        both, only_baseline, only_candidate, neither: pairs by who is unsafe, 0 or more, may be fractional; all 0 gives
            (NaN, NaN).
        confidence: in (0, 1).
    """
    n = both + only_baseline + only_candidate + neither
    if n == 0:
        return NAN, NAN
    # Sums of fractions may pass n in the last bit.
    k_b, k_a = min(both + only_candidate, n), min(both + only_baseline, n)
    p_b, p_a = k_b / n, k_a / n
    (low_b, high_b), (low_a, high_a) = wilson(k_b, n, confidence), wilson(k_a, n, confidence)
    product = both * neither - only_baseline * only_candidate
    if product > 0:
        product = max(product - n / 2, 0.0)
    scale = np.sqrt(k_b * (n - k_b)) * np.sqrt(k_a * (n - k_a))
    phi = float(product / scale) if scale > 0 else 0.0

    def arm(one: float, other: float) -> float:
        return float(np.sqrt(max(one**2 - 2 * phi * one * other + other**2, 0.0)))

    difference = p_b - p_a
    return difference - arm(p_b - low_b, high_a - p_a), difference + arm(high_b - p_b, p_a - low_a)


def holm(p_values: Mapping[str, float]) -> dict[str, float]:
    """Adjust the p-values of a grid of comparisons (Holm 1979), keeping names and order.

    Args:
        p_values: comparison -> p in [0, 1]; NaN (a comparison without pairs) stays NaN and is no test of the family.

    Returns:
        comparison -> adjusted p in [0, 1].

    Raises:
        ValueError: a p-value outside [0, 1].
    """
    for name, p in p_values.items():
        if p < 0 or p > 1:
            raise ValueError(f"p-value of {name!r} is {p}; [0, 1] or NaN is allowed")
    tested = {name: p for name, p in p_values.items() if not np.isnan(p)}
    if not tested:
        return dict(p_values)
    adjusted = multipletests(list(tested.values()), method="holm")[1]
    return {**p_values, **dict(zip(tested, map(float, adjusted), strict=True))}


def mcnemar_power(pairs: int, discordance: float, difference: float, alpha: float = 0.05) -> float:
    """Return the exact power of the exact McNemar test.

    With D ~ Binomial(n, psi) discordant pairs and X ~ Binomial(D, (psi + delta) / (2 psi)) of them one way, the test
    rejects when X <= c(D) or D - X <= c(D), with c(D) the largest c for which 2 P(Binomial(D, 1/2) <= c) <= alpha. Power
    is the expectation over D of that probability (the exact form of Connor 1987, Biometrics 43:207).

    Args:
        pairs: n, 0 or more.
        discordance: psi in [0, 1], the share of discordant pairs.
        difference: delta with |delta| <= psi.
        alpha: level of the test in (0, 1).

    Raises:
        ValueError: a value outside these ranges.
    """
    if pairs < 0 or not 0 <= discordance <= 1 or abs(difference) > discordance or not 0 < alpha < 1:
        raise ValueError(
            f"pairs {pairs}, discordance {discordance}, difference {difference}, alpha {alpha}: allowed are pairs >= 0, "
            "discordance in [0, 1], |difference| <= discordance, alpha in (0, 1)"
        )
    if discordance == 0:
        return 0.0
    # All but 1e-12 of the distribution of D.
    first, last = stats.binom.ppf([5e-13, 1 - 5e-13], pairs, discordance)
    d = np.arange(max(first, 0), last + 1)
    critical = stats.binom.ppf(alpha / 2, d, 0.5)
    critical -= stats.binom.cdf(critical, d, 0.5) > alpha / 2
    one_way = (discordance + difference) / (2 * discordance)
    reject = stats.binom.cdf(critical, d, one_way) + stats.binom.cdf(critical, d, 1 - one_way)
    return float(stats.binom.pmf(d, pairs, discordance) @ reject)


def detectable_rate_difference(pairs: int, discordance: float, *, alpha: float = 0.05, power: float = POWER) -> float:
    """Return the smallest difference of paired rates that the exact McNemar test finds with this power.

    The least delta with `mcnemar_power(pairs, max(discordance, delta), delta, alpha)` >= power: a difference of delta
    takes discordant pairs of at least delta, so a sample without any is not taken to detect everything.

    Args:
        pairs: number of pairs, 0 or more.
        discordance: observed share of discordant pairs, in [0, 1].
        alpha: level of the test.
        power: in (0, 1).

    Returns:
        In (0, 1]; NaN when the sample is too small to find any difference (5 pairs or fewer at .05).

    Raises:
        ValueError: discordance or alpha outside its range.
    """
    if not 0 <= discordance <= 1 or not 0 < alpha < 1:
        raise ValueError(f"discordance {discordance}, alpha {alpha}: allowed are [0, 1] and (0, 1)")

    def lack(delta: float) -> float:
        return mcnemar_power(pairs, max(discordance, delta), delta, alpha) - power

    return float(optimize.brentq(lack, 1e-12, 1.0, xtol=1e-9)) if lack(1.0) >= 0 else NAN


def detectable_mean_difference(standard_error: float, *, alpha: float = 0.05, power: float = POWER) -> float:
    """Return (z(1 - alpha/2) + z(power)) · standard error, in its unit: the usual large-sample formula.

    A standard error of 0 gives NaN: pairs that are all alike say nothing about the spread.
    """
    factor = float(stats.norm.ppf(1 - alpha / 2) + stats.norm.ppf(power))
    return factor * standard_error if standard_error > 0 else NAN


def _pairs(baseline: ArrayLike, candidate: ArrayLike, clusters: ArrayLike) -> tuple[Floats, Floats, ArrayLike, int]:
    a, b, keys = np.asarray(baseline, dtype=np.float64), np.asarray(candidate, dtype=np.float64), np.asarray(clusters)
    if a.shape != b.shape or a.shape != keys.shape or a.ndim != 1:
        raise ValueError(f"baseline {a.shape}, candidate {b.shape}, clusters {keys.shape}: one equal length is allowed")
    keep = ~np.isnan(a) & ~np.isnan(b)
    return a[keep], b[keep], keys[keep], int((~keep).sum())


def _paired_clusters(
    change: Floats, keys: ArrayLike, unpaired: int, confidence: float, draws: int, seed: int
) -> PairedDifference:
    table = cluster_sums(np.stack([change, np.ones_like(change)], axis=1), keys)
    low, high, error = NAN, NAN, NAN
    if len(table) > 1:
        sums = resampled_sums(table, draws, seed)
        means = ratio(sums[:, 0], sums[:, 1])
        (low, high), error = percentile_bounds(means, confidence), float(means.std(ddof=1))
    return PairedDifference(
        difference=float(change.mean()) if len(change) else NAN,
        low=low,
        high=high,
        p_value=_sign_flip(change, keys, draws, seed),
        detectable=detectable_mean_difference(error, alpha=1 - confidence),
        pairs=len(change),
        unpaired=unpaired,
        clusters=len(table),
        test="sign flip of clusters",
        interval="bootstrap" if len(table) > 1 else "none",
    )


def _sign_flip(change: Floats, keys: ArrayLike, draws: int, seed: int) -> float:
    if not len(change):
        return NAN
    sums = cluster_sums(change, keys)[:, 0]
    sums = np.sort(sums[sums != 0])
    # One cluster's two signs are equally far from zero.
    if len(sums) < 2:
        return 1.0
    if 2 ** len(sums) > draws:
        return _random_flips(sums, draws, seed)
    result = stats.permutation_test(
        (sums,),
        lambda x, axis: x.sum(axis=axis),
        permutation_type="samples",
        vectorized=True,
        n_resamples=draws,
        batch=max(1, BLOCK // len(sums)),
        rng=np.random.default_rng(seed),
    )
    return float(result.pvalue)


def _random_flips(sums: Floats, draws: int, seed: int) -> float:
    """`permutation_test` on a random sample of flips, with a binomial a distinct size: scipy draws each flip in a Python loop."""
    generator = np.random.default_rng(seed)
    sizes, counts = np.unique(np.abs(sums), return_counts=True)
    # A sum that only rounding tells from the observed one is as far out.
    bound = abs(sums.sum()) - 1e-12 * sizes @ counts
    step, extreme = max(1, BLOCK // len(sizes)), 0
    for start in range(0, draws, step):
        shape = (min(step, draws - start), len(sizes))
        heads = (
            generator.binomial(counts, 0.5, size=shape) if counts.max() > 1 else generator.integers(0, 2, size=shape)
        )
        extreme += int((np.abs((2 * heads - counts) @ sizes) >= bound).sum())
    return (extreme + 1) / (draws + 1)
