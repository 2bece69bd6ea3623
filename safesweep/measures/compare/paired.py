"""Two cells on the same prompts and seeds: the difference, its interval, its p-value, and what could have been found."""

from typing import Literal, NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from safesweep.measures.compare.mcnemar import mcnemar_exact, newcombe
from safesweep.measures.compare.power import detectable_mean_difference, detectable_rate_difference
from safesweep.measures.compare.sign_flip import sign_flip
from safesweep.measures.intervals import CONFIDENCE, DRAWS, check_flags, percentile_bounds
from safesweep.measures.resample import Floats, cluster_sums, ratio, resampled_sums

NAN = float("nan")


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
        p_value=sign_flip(change, keys, draws, seed),
        detectable=detectable_mean_difference(error, alpha=1 - confidence),
        pairs=len(change),
        unpaired=unpaired,
        clusters=len(table),
        test="sign flip of clusters",
        interval="bootstrap" if len(table) > 1 else "none",
    )
