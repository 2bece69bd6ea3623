"""Two cells on the same prompts and seeds: the difference, its interval, its p-value, and what could have been found."""

from typing import Literal, NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from safesweep.measures.compare.mcnemar import mcnemar_exact
from safesweep.measures.compare.power import detectable_mean_difference, detectable_rate_difference
from safesweep.measures.compare.sign_flip import sign_flip
from safesweep.measures.intervals import CONFIDENCE, DRAWS, Ends, Interval, check_flags, cluster_bootstrap, wilson
from safesweep.measures.resample import Floats, cluster_sums

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
    interval: Literal["bootstrap of rates", "bootstrap", "none"]
    at_most: float = NAN
    """Where no pair differs: the largest share of prompts that may, Wilson's upper end; NaN where one does."""


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

    The interval is the Bayesian bootstrap of the pairs' differences, -1, 0 or 1 (`intervals.cluster_bootstrap`), for one pair a
    prompt and for several; it has width where no pair differs, and none can be had from a single prompt. The p-value for one
    pair a prompt text is exact McNemar's, and the smallest difference that of the exact test's power at the observed share of
    discordant pairs. Several pairs a prompt text McNemar would take for independent, so the signs of whole clusters are
    flipped instead, and the smallest difference is as in `paired_scores`; where no cluster differs from another, as if each
    were one pair.

    Args:
        baseline: (pairs,) 1 unsafe, 0 safe, NaN unscored.
        candidate: (pairs,) the same.
        clusters: (pairs,) prompt-text hashes.
        confidence: in (0, 1); the test level behind `detectable` is 1 - confidence.
        draws: sign flips.
        seed: of them.

    Raises:
        ValueError: lengths differ, or a value is not 0, 1 or NaN.
    """
    a, b, keys, unpaired = _pairs(baseline, candidate, clusters)
    check_flags(a)
    check_flags(b)
    size = len(np.unique(keys))
    if size < len(a):
        return _rates_of_clusters(a, b, keys, unpaired, confidence, draws, seed)
    only_a, only_b = int(((a == 1) & (b == 0)).sum()), int(((b == 1) & (a == 0)).sum())
    n = len(a)
    found = cluster_bootstrap(b - a, keys, ends=(-1.0, 1.0), confidence=confidence)
    return PairedDifference(
        difference=(only_b - only_a) / n if n else NAN,
        low=found.low,
        high=found.high,
        p_value=mcnemar_exact(only_a, only_b) if n else NAN,
        detectable=detectable_rate_difference(n, (only_a + only_b) / n if n else 0.0, alpha=1 - confidence),
        pairs=n,
        unpaired=unpaired,
        clusters=size,
        test="exact McNemar",
        interval=_of_rates(found),
        at_most=_at_most(b - a, size, confidence),
    )


def paired_scores(
    baseline: ArrayLike,
    candidate: ArrayLike,
    clusters: ArrayLike,
    *,
    ends: Ends | None = None,
    confidence: float = CONFIDENCE,
    draws: int = DRAWS,
    seed: int = 0,
) -> PairedDifference:
    """Compare the mean scores (a cosine, P(unsafe), seconds) of two cells on the same prompts and seeds.

    The interval is the Bayesian bootstrap of the differences (`intervals.cluster_bootstrap`), the p-value flips the signs of
    whole clusters' differences (exact when 2^clusters <= draws, else a random sample of flips), and the smallest
    difference is (z(1 - alpha/2) + z(power)) times the standard error over clusters. Where no pair differs there is no
    interval but `at_most`.

    Args:
        baseline: (pairs,) any unit, NaN unscored.
        candidate: (pairs,) the same unit.
        ends: what a score can be at least and at most, such as (0, 1) for P(unsafe); None: not known.
        clusters, confidence, draws, seed: as in `paired_rates`.

    Raises:
        ValueError: lengths differ, or a difference that scores within the ends cannot have.
    """
    a, b, keys, unpaired = _pairs(baseline, candidate, clusters)
    change, count = b - a, np.ones_like(a)
    table = cluster_sums(np.stack([change, count], axis=1), keys)
    widest = None if ends is None else (ends[0] - ends[1], ends[1] - ends[0])
    found = cluster_bootstrap(change, keys, ends=widest, confidence=confidence)
    unchanged = _at_most(change, len(table), confidence)
    if not np.isnan(unchanged):
        found = found._replace(low=NAN, high=NAN)
    return PairedDifference(
        difference=found.estimate,
        low=found.low,
        high=found.high,
        p_value=sign_flip(change, keys, draws, seed),
        detectable=detectable_mean_difference(_standard_error(table[:, 0], table[:, 1]), alpha=1 - confidence),
        pairs=len(change),
        unpaired=unpaired,
        clusters=len(table),
        test="sign flip of clusters",
        interval="none" if np.isnan(found.low) else "bootstrap",
        at_most=unchanged,
    )


def _pairs(baseline: ArrayLike, candidate: ArrayLike, clusters: ArrayLike) -> tuple[Floats, Floats, ArrayLike, int]:
    a, b, keys = np.asarray(baseline, dtype=np.float64), np.asarray(candidate, dtype=np.float64), np.asarray(clusters)
    if a.shape != b.shape or a.shape != keys.shape or a.ndim != 1:
        raise ValueError(f"baseline {a.shape}, candidate {b.shape}, clusters {keys.shape}: one equal length is allowed")
    keep = ~np.isnan(a) & ~np.isnan(b)
    return a[keep], b[keep], keys[keep], int((~keep).sum())


def _rates_of_clusters(
    a: Floats, b: Floats, keys: ArrayLike, unpaired: int, confidence: float, draws: int, seed: int
) -> PairedDifference:
    sums = cluster_sums(np.stack([a, b, np.ones_like(a), (a == 1) & (b == 0), (b == 1) & (a == 0)], axis=1), keys)
    detectable = detectable_mean_difference(_standard_error(sums[:, 1] - sums[:, 0], sums[:, 2]), alpha=1 - confidence)
    if np.isnan(detectable):
        discordant = (sums[:, 3:].sum(axis=1) / sums[:, 2]).mean()
        detectable = detectable_rate_difference(len(sums), discordant, alpha=1 - confidence)
    found = cluster_bootstrap(b - a, keys, ends=(-1.0, 1.0), confidence=confidence)
    return PairedDifference(
        difference=float((b - a).mean()),
        low=found.low,
        high=found.high,
        p_value=sign_flip(b - a, keys, draws, seed),
        detectable=detectable,
        pairs=len(a),
        unpaired=unpaired,
        clusters=len(sums),
        test="sign flip of clusters",
        interval=_of_rates(found),
        at_most=_at_most(b - a, len(sums), confidence),
    )


def _of_rates(found: Interval) -> Literal["bootstrap of rates", "none"]:
    return "none" if np.isnan(found.low) else "bootstrap of rates"


def _standard_error(sums: Floats, counts: Floats) -> float:
    """Of the mean over pairs, clusters drawn (linearised); NaN for fewer than two."""
    clusters = len(sums)
    if clusters < 2:
        return NAN
    residuals = sums - counts * (sums.sum() / counts.sum())
    # Equal differences leave rounding only.
    if np.abs(residuals).max() <= 1e-12 * max(np.abs(sums).max(), 1e-300):
        return 0.0
    return float(np.sqrt(clusters / (clusters - 1) * (residuals**2).sum()) / counts.sum())


def _at_most(change: Floats, clusters: int, confidence: float) -> float:
    return wilson(0, clusters, confidence)[1] if len(change) and not change.any() else NAN
