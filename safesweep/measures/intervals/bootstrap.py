"""Cluster bootstrap of one mean, or of a whole grid's."""

import numpy as np
from numpy.typing import ArrayLike

from safesweep.measures.intervals.base import (
    CONFIDENCE,
    DRAWS,
    Interval,
    IntervalKind,
    check_confidence,
    percentile_bounds,
)
from safesweep.measures.resample import Floats, cluster_sums, ratio, resampled_sums


def cluster_bootstrap(
    values: ArrayLike,
    clusters: ArrayLike,
    *,
    confidence: float = CONFIDENCE,
    draws: int = DRAWS,
    seed: int = 0,
) -> Interval:
    """Interval of the mean over pictures, whole prompts resampled (percentile; Field and Welsh 2007, JRSS B 69:369).

    Args:
        values: (pictures,) any unit; NaN is unscored and left out.
        clusters: (pictures,) prompt-text hashes.
        confidence: in (0, 1).
        draws: bootstrap draws, 1 or more.
        seed: of the draws.

    Returns:
        Interval. Nothing scored: NaN throughout. One cluster: the mean with NaN bounds, for one prompt says nothing about
        others. Under about 20 clusters a percentile interval is known to be too narrow.

    Raises:
        ValueError: lengths differ, confidence outside (0, 1), or draws below 1.
    """
    check_confidence(confidence)
    scores, keys = np.asarray(values, dtype=np.float64), np.asarray(clusters)
    if scores.shape != keys.shape or scores.ndim != 1:
        raise ValueError(f"values has shape {scores.shape} and clusters {keys.shape}; give two equal lengths")
    keep = ~np.isnan(scores)
    scores, keys = scores[keep], keys[keep]
    table = cluster_sums(np.stack([scores, np.ones_like(scores)], axis=1), keys)
    return bootstrap_of_sums(table, confidence, draws, seed)


def mean_intervals(
    sums: ArrayLike,
    counts: ArrayLike,
    *,
    confidence: float = CONFIDENCE,
    draws: int = DRAWS,
    seed: int = 0,
) -> list[Interval]:
    """`cluster_bootstrap` of many means at once, the same clusters drawn for all: a grid costs little more than one cell.

    Args:
        sums: (clusters, means) sum of each cluster's scored values.
        counts: (clusters, means) number of them; a cluster without any adds nothing to that mean.
        confidence, draws, seed: as in `cluster_bootstrap`.

    Returns:
        One Interval a column; NaN as in `cluster_bootstrap`, and NaN bounds where all clusters have one mean: every draw would be
        that mean, an interval of width 0.

    Raises:
        ValueError: shapes differ, or as `cluster_bootstrap`.
    """
    check_confidence(confidence)
    totals, numbers = np.asarray(sums, dtype=np.float64), np.asarray(counts, dtype=np.float64)
    if totals.shape != numbers.shape or totals.ndim != 2:
        raise ValueError(
            f"sums has shape {totals.shape} and counts {numbers.shape}; (clusters, means) twice is allowed"
        )
    width = totals.shape[1]
    estimates, means = ratio(totals.sum(axis=0), numbers.sum(axis=0)), ratio(totals, numbers)
    sizes, clusters = numbers.sum(axis=0), (numbers > 0).sum(axis=0)
    used = (numbers > 0).any(axis=1)
    drawn = None
    if used.sum() > 1:
        table = resampled_sums(np.concatenate([totals, numbers], axis=1)[used], draws, seed)
        drawn = ratio(table[:, :width], table[:, width:])
    found = []
    for i in range(width):
        bounds: tuple[float, float, IntervalKind] = (float("nan"), float("nan"), "none")
        own = means[numbers[:, i] > 0, i]
        if drawn is not None and (own != own[:1]).any():
            bounds = (*percentile_bounds(drawn[:, i], confidence), "bootstrap")
        found.append(Interval(float(estimates[i]), *bounds, int(sizes[i]), int(clusters[i]), confidence))
    return found


def bootstrap_of_sums(table: Floats, confidence: float, draws: int, seed: int) -> Interval:
    """Interval of sum(first column) / sum(second column) of a (clusters, 2) table, where the second counts pictures."""
    clusters, (total, n) = len(table), table.sum(axis=0)
    estimate = float(total / n) if n else float("nan")
    if clusters < 2:
        return Interval(estimate, float("nan"), float("nan"), "none", int(n), clusters, confidence)
    sums = resampled_sums(table, draws, seed)
    low, high = percentile_bounds(ratio(sums[:, 0], sums[:, 1]), confidence)
    return Interval(estimate, low, high, "bootstrap", int(n), clusters, confidence)
