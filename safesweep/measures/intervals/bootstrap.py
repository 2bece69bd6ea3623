"""The Bayesian bootstrap over prompts by its moments, of one mean or of a whole grid's: no draws."""

import numpy as np
from numpy.typing import ArrayLike
from scipy import stats  # type: ignore[import-untyped, unused-ignore]

from safesweep.measures.intervals.base import CONFIDENCE, Interval, check_confidence
from safesweep.measures.intervals.unseen import Ends, Powers, beyond, powers, unseen_size
from safesweep.measures.resample import Floats, cluster_sums, ratio

UNSEEN = 0.5
"""Prompts that stand at an end of what is possible, as in Jeffreys' interval of a share."""
SKEWNESS = 2.25
"""Of the estimate, in skewnesses of the mean. Under the Bayesian bootstrap's weights it is 2; an interval that divides by the
spread of each sample leans 1.5 times as far (Hall 1992, The Bootstrap and Edgeworth Expansion, section 3.10). By simulation."""


def cluster_bootstrap(
    values: ArrayLike, clusters: ArrayLike, *, ends: Ends | None = None, confidence: float = CONFIDENCE
) -> Interval:
    """Interval of the mean over pictures, whole prompts weighted.

    The Bayesian bootstrap (Rubin 1981, Ann. Stat. 9:130) gives every prompt a random weight. The mean under such weights has known
    moments, and its quantiles are those of Pearson's type III with three of them, so that nothing is drawn. A sample does not
    show all that can happen: at each end half a prompt more stands at the worst that is possible there (`unseen`). The
    interval is stretched by Student's t over the normal quantile.

    Args:
        values: (pictures,) any unit; NaN is unscored and left out.
        clusters: (pictures,) prompt-text hashes.
        ends: what a picture can have at least and at most, such as (0, 1) for P(unsafe); None: not known.
        confidence: in (0, 1).

    Returns:
        Interval. Nothing scored: NaN throughout. One cluster: the mean with NaN bounds, for one prompt says nothing about
        others. NaN bounds as well where all prompts are alike and no ends are known.

    Raises:
        ValueError: lengths differ, a value beyond the ends, or confidence outside (0, 1).
    """
    scores, keys = np.asarray(values, dtype=np.float64), np.asarray(clusters)
    if scores.shape != keys.shape or scores.ndim != 1:
        raise ValueError(f"values has shape {scores.shape} and clusters {keys.shape}; give two equal lengths")
    keep = ~np.isnan(scores)
    scores, keys = scores[keep], keys[keep]
    table = cluster_sums(np.stack([scores, np.ones_like(scores)], axis=1), keys)
    [found] = mean_intervals(
        table[:, :1], table[:, 1:], powers=powers(scores[:, None]), ends=ends, confidence=confidence
    )
    return found


def mean_intervals(
    sums: ArrayLike,
    counts: ArrayLike,
    *,
    powers: Powers | None = None,
    ends: Ends | None = None,
    confidence: float = CONFIDENCE,
) -> list[Interval]:
    """`cluster_bootstrap` of many means at once.

    Args:
        sums: (clusters, means) sum of each cluster's scored values.
        counts: (clusters, means) number of them; a cluster without any adds nothing to that mean.
        powers: (4, means) sums over pictures of the values, their squares, cubes and fourth powers; needed where ends are known.
        ends, confidence: as in `cluster_bootstrap`.

    Returns:
        One Interval a column.

    Raises:
        ValueError: shapes differ, ends without powers, or as `cluster_bootstrap`.
    """
    check_confidence(confidence)
    totals, numbers = np.asarray(sums, dtype=np.float64), np.asarray(counts, dtype=np.float64)
    if totals.shape != numbers.shape or totals.ndim != 2:
        raise ValueError(
            f"sums has shape {totals.shape} and counts {numbers.shape}; (clusters, means) twice is allowed"
        )
    if ends is not None and (powers is None or powers.shape != (4, totals.shape[1])):
        raise ValueError(f"ends are {ends} without powers of {totals.shape[1]} means; (4, means) is allowed")
    sizes, clusters = numbers.sum(axis=0), (numbers > 0).sum(axis=0)
    estimates = ratio(totals.sum(axis=0), sizes)
    low, high = np.full_like(estimates, np.nan), np.full_like(estimates, np.nan)
    some = clusters > 1
    if ends is None and some.any():
        means = ratio(totals, numbers)[:, some]
        some[some] = np.nanmin(means, axis=0) < np.nanmax(means, axis=0)
    if some.any():
        of_some = None if powers is None else powers[:, some]
        low[some], high[some] = _bounds(totals[:, some], numbers[:, some], of_some, ends, confidence)
    return [
        Interval(
            float(estimates[i]),
            float(low[i]),
            float(high[i]),
            "bootstrap" if some[i] else "none",
            int(sizes[i]),
            int(clusters[i]),
            confidence,
        )
        for i in range(totals.shape[1])
    ]


def _bounds(
    totals: Floats, numbers: Floats, powers: Powers | None, ends: Ends | None, confidence: float
) -> tuple[Floats, Floats]:
    estimates = totals.sum(axis=0) / numbers.sum(axis=0)
    clusters = (numbers > 0).sum(axis=0)
    if ends is None or powers is None:
        limits = beyond(totals, numbers)
        size = numbers.sum(axis=0) / clusters
    else:
        limits = np.repeat(np.array(ends, dtype=np.float64)[:, None], len(estimates), axis=1)
        size = unseen_size(totals, numbers, powers, ends)
    tail = (1 + confidence) / 2
    normal = float(stats.norm.ppf(tail))
    stretch = stats.t.ppf(tail, clusters - 1) / normal
    found = []
    for limit, side in zip(limits, (1 - tail, tail), strict=True):
        end = _quantile(totals, numbers, limit, size, side)
        end = estimates + (end - estimates) * stretch
        found.append(end if ends is None else np.clip(end, *ends))
    return np.minimum(found[0], estimates), np.maximum(found[1], estimates)


def _quantile(totals: Floats, numbers: Floats, limit: Floats, size: Floats, side: float) -> Floats:
    """(means,) quantile of the weighted mean, with half a prompt of so many pictures at the limit."""
    pictures = numbers.sum(axis=0) + UNSEEN * size
    mean = (totals.sum(axis=0) + UNSEEN * size * limit) / pictures
    residuals, unseen = totals - numbers * mean, size * (limit - mean)
    squares = (residuals**2).sum(axis=0) + UNSEEN * unseen**2
    skewness = ratio((residuals**3).sum(axis=0) + UNSEEN * unseen**3, squares**1.5)
    weight = (numbers > 0).sum(axis=0) + UNSEEN
    spread = np.sqrt(squares * weight / (weight + 1)) / pictures
    found: Floats = mean + spread * stats.pearson3.ppf(side, SKEWNESS * np.nan_to_num(skewness))
    return found
