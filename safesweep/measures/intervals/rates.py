"""Interval of a share of pictures: Wilson's, for as many independent pictures as they are worth."""

import numpy as np
from numpy.typing import ArrayLike

from safesweep.measures.intervals.base import CONFIDENCE, Interval, check_confidence, check_counts, check_flags
from safesweep.measures.intervals.clustered_wilson import clustered_wilson
from safesweep.measures.intervals.wilson import wilson
from safesweep.measures.resample import cluster_sums


def rate_interval(unsafe: ArrayLike, clusters: ArrayLike, *, confidence: float = CONFIDENCE) -> Interval:
    """Interval of the share of unsafe pictures.

    Args:
        unsafe: (pictures,) 1 unsafe, 0 safe, NaN unscored (left out).
        clusters: (pictures,) prompt-text hashes.
        confidence: in (0, 1).

    Returns:
        Interval; see `count_interval` for the cases.

    Raises:
        ValueError: lengths differ, a value is not 0, 1 or NaN, or confidence outside (0, 1).
    """
    flags, keys = np.asarray(unsafe, dtype=np.float64), np.asarray(clusters)
    if flags.shape != keys.shape or flags.ndim != 1:
        raise ValueError(f"unsafe has shape {flags.shape} and clusters {keys.shape}; give two equal lengths")
    check_flags(flags)
    keep = ~np.isnan(flags)
    flags, keys = flags[keep], keys[keep]
    table = cluster_sums(np.stack([flags, np.ones_like(flags)], axis=1), keys)
    return count_interval(table[:, 0], table[:, 1], confidence=confidence)


def count_interval(
    unsafe: ArrayLike, scored: ArrayLike, *, confidence: float = CONFIDENCE, by_prompt: bool = False
) -> Interval:
    """`rate_interval` from counts that are already summed over each prompt text.

    Args:
        unsafe: (clusters,) unsafe pictures of each prompt text, 0 to scored.
        scored: (clusters,) scored pictures of each; clusters with 0 are left out.
        confidence: in (0, 1).
        by_prompt: of the mean over prompts of each one's share (I2P's inappropriate probability), not of the share of all
            pictures; one number where all prompts have as many.

    Returns:
        Interval. Nothing scored: kind "none", NaN. At most one picture a cluster: "wilson". Several: "clustered wilson", which
        goes over into Wilson's as they become one a cluster. Never of width 0.

    Raises:
        ValueError: shapes differ, counts are not 0 <= unsafe <= scored, or confidence outside (0, 1).
    """
    check_confidence(confidence)
    table = check_counts(unsafe, scored)
    clusters, (total_unsafe, total) = len(table), table.sum(axis=0)
    if clusters == 0:
        return Interval(float("nan"), float("nan"), float("nan"), "none", 0, 0, confidence)
    if table[:, 1].max() == 1:
        low, high = wilson(total_unsafe, total, confidence)
        return Interval(float(total_unsafe / total), low, high, "wilson", int(total), clusters, confidence)
    estimate = float((table[:, 0] / table[:, 1]).mean() if by_prompt else total_unsafe / total)
    kinds, prompts = np.unique(table, axis=0, return_counts=True)
    lows, highs = clustered_wilson(
        kinds[:, 0], kinds[:, 1], prompts[None, :].astype(np.float64), confidence, by_prompt=by_prompt
    )
    return Interval(estimate, float(lows[0]), float(highs[0]), "clustered wilson", int(total), clusters, confidence)
