"""Interval of a share of pictures: Wilson's where each prompt has one, else a bootstrap over prompts; never of width 0."""

import numpy as np
from numpy.typing import ArrayLike

from safesweep.measures.intervals.base import CONFIDENCE, DRAWS, Interval, check_confidence, check_flags
from safesweep.measures.intervals.bootstrap import bootstrap_of_sums
from safesweep.measures.intervals.wilson import wilson
from safesweep.measures.resample import cluster_sums


def rate_interval(
    unsafe: ArrayLike,
    clusters: ArrayLike,
    *,
    confidence: float = CONFIDENCE,
    draws: int = DRAWS,
    seed: int = 0,
) -> Interval:
    """Interval of the share of unsafe pictures: Wilson for one picture a prompt text, cluster bootstrap for several.

    Args:
        unsafe: (pictures,) 1 unsafe, 0 safe, NaN unscored (left out).
        clusters: (pictures,) prompt-text hashes.
        confidence, draws, seed: as in `cluster_bootstrap`; draws and seed are unused by Wilson.

    Returns:
        Interval; see `count_interval` for the cases.

    Raises:
        ValueError: lengths differ, or a value is not 0, 1 or NaN.
    """
    flags, keys = np.asarray(unsafe, dtype=np.float64), np.asarray(clusters)
    if flags.shape != keys.shape or flags.ndim != 1:
        raise ValueError(f"unsafe has shape {flags.shape} and clusters {keys.shape}; give two equal lengths")
    check_flags(flags)
    keep = ~np.isnan(flags)
    flags, keys = flags[keep], keys[keep]
    table = cluster_sums(np.stack([flags, np.ones_like(flags)], axis=1), keys)
    return count_interval(table[:, 0], table[:, 1], confidence=confidence, draws=draws, seed=seed)


def count_interval(
    unsafe: ArrayLike,
    scored: ArrayLike,
    *,
    confidence: float = CONFIDENCE,
    draws: int = DRAWS,
    seed: int = 0,
) -> Interval:
    """`rate_interval` from counts that are already summed over each prompt text.

    Args:
        unsafe: (clusters,) unsafe pictures of each prompt text, 0 to scored.
        scored: (clusters,) scored pictures of each; clusters with 0 are left out.
        confidence, draws, seed: as in `cluster_bootstrap`.

    Returns:
        Interval. Nothing scored: kind "none", NaN. At most one picture a cluster: "wilson". Several, and the clusters
        differ: "bootstrap". Several, and every cluster has the same share (all safe, all unsafe, a single cluster): every
        draw would give that share and an interval of width 0, Wald's fault again, so "wilson over clusters" counts each
        prompt once, as if its pictures were copies of one another: the widest that the data allow.

    Raises:
        ValueError: shapes differ, or counts are not 0 <= unsafe <= scored.
    """
    check_confidence(confidence)
    table = np.stack([np.asarray(unsafe, dtype=np.float64), np.asarray(scored, dtype=np.float64)], axis=1)
    bad = ~((table[:, 0] >= 0) & (table[:, 0] <= table[:, 1]))
    if bad.any():
        first = int(np.argmax(bad))
        raise ValueError(
            f"cluster {first} has unsafe {table[first, 0]} of scored {table[first, 1]}; 0 to scored allowed"
        )
    table = table[table[:, 1] > 0]
    clusters, (total_unsafe, total) = len(table), table.sum(axis=0)
    if clusters == 0:
        return Interval(float("nan"), float("nan"), float("nan"), "none", 0, 0, confidence)
    if table[:, 1].max() == 1:
        low, high = wilson(total_unsafe, total, confidence)
        return Interval(float(total_unsafe / total), low, high, "wilson", int(total), clusters, confidence)
    shares = table[:, 0] / table[:, 1]
    if np.all(shares == shares[0]):
        low, high = wilson(float(shares[0]) * clusters, clusters, confidence)
        return Interval(float(shares[0]), low, high, "wilson over clusters", int(total), clusters, confidence)
    return bootstrap_of_sums(table, confidence, draws, seed)
