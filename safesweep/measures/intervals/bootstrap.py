"""Bayesian bootstrap over prompts, of one mean or of a whole grid's."""

import numpy as np
from numpy.typing import ArrayLike
from scipy import stats  # type: ignore[import-untyped, unused-ignore]

from safesweep.measures.intervals.base import CONFIDENCE, DRAWS, Interval, check_confidence, percentile_bounds
from safesweep.measures.resample import Floats, cluster_sums, ratio, weighted_sums

Ends = tuple[float, float]
"""The least and the greatest value that a picture can have."""
BEYOND = 2.0
"""How much further than seen the longer tail may reach, in differences of the tails' lengths."""


def cluster_bootstrap(
    values: ArrayLike,
    clusters: ArrayLike,
    *,
    ends: Ends | None = None,
    confidence: float = CONFIDENCE,
    draws: int = DRAWS,
    seed: int = 0,
) -> Interval:
    """Interval of the mean over pictures, whole prompts weighted.

    The Bayesian bootstrap (Rubin 1981, Ann. Stat. 9:130): each draw gives every prompt a random weight. A sample does not show
    all that can happen, so half a prompt stands at either end of what is possible, as in Jeffreys' interval of a share, which
    this is for values 0 and 1. Where no ends are known they are taken from the sample: its least and greatest prompt, of
    which the one that lies further from the mean is moved on by twice as much as it lies further. The interval is
    stretched by Student's t over the normal quantile.

    Args:
        values: (pictures,) any unit; NaN is unscored and left out.
        clusters: (pictures,) prompt-text hashes.
        ends: what a picture can have at least and at most, such as (0, 1) for P(unsafe); None: not known.
        confidence: in (0, 1).
        draws: 1 or more.
        seed: of the draws.

    Returns:
        Interval. Nothing scored: NaN throughout. One cluster: the mean with NaN bounds, for one prompt says nothing about
        others. NaN bounds as well where all prompts are alike and no ends are known.

    Raises:
        ValueError: lengths differ, a value beyond the ends, confidence outside (0, 1), or draws below 1.
    """
    scores, keys = np.asarray(values, dtype=np.float64), np.asarray(clusters)
    if scores.shape != keys.shape or scores.ndim != 1:
        raise ValueError(f"values has shape {scores.shape} and clusters {keys.shape}; give two equal lengths")
    keep = ~np.isnan(scores)
    scores, keys = scores[keep], keys[keep]
    table = cluster_sums(np.stack([scores, np.ones_like(scores)], axis=1), keys)
    [found] = mean_intervals(table[:, :1], table[:, 1:], ends=ends, confidence=confidence, draws=draws, seed=seed)
    return found


def mean_intervals(
    sums: ArrayLike,
    counts: ArrayLike,
    *,
    ends: Ends | None = None,
    confidence: float = CONFIDENCE,
    draws: int = DRAWS,
    seed: int = 0,
) -> list[Interval]:
    """`cluster_bootstrap` of many means at once, the same weights for all: a grid costs little more than one cell.

    Args:
        sums: (clusters, means) sum of each cluster's scored values.
        counts: (clusters, means) number of them; a cluster without any adds nothing to that mean.
        ends, confidence, draws, seed: as in `cluster_bootstrap`.

    Returns:
        One Interval a column.

    Raises:
        ValueError: shapes differ, or as `cluster_bootstrap`.
    """
    check_confidence(confidence)
    totals, numbers = np.asarray(sums, dtype=np.float64), np.asarray(counts, dtype=np.float64)
    if totals.shape != numbers.shape or totals.ndim != 2:
        raise ValueError(
            f"sums has shape {totals.shape} and counts {numbers.shape}; (clusters, means) twice is allowed"
        )
    estimates, means = ratio(totals.sum(axis=0), numbers.sum(axis=0)), ratio(totals, numbers)
    sizes, clusters = numbers.sum(axis=0), (numbers > 0).sum(axis=0)
    nothing = Interval(float("nan"), float("nan"), float("nan"), "none", 0, 0, confidence)
    found = [
        nothing._replace(estimate=float(estimates[i]), n=int(sizes[i]), clusters=int(clusters[i]))
        for i in range(totals.shape[1])
    ]
    some = np.flatnonzero(clusters > 1)
    if ends is None and len(some):
        some = some[np.nanmin(means[:, some], axis=0) < np.nanmax(means[:, some], axis=0)]
    if not len(some):
        return found
    limits = _limits(means[:, some], estimates[some], ends)
    drawn = _draws(totals[:, some], numbers[:, some], limits, draws, seed)
    for place, i in enumerate(some):
        low, high = percentile_bounds(drawn[:, place], confidence)
        low, high = stretched(float(estimates[i]), low, high, int(clusters[i]), confidence)
        if ends is not None:
            low, high = max(low, ends[0]), min(high, ends[1])
        low, high = min(low, found[i].estimate), max(high, found[i].estimate)
        found[i] = found[i]._replace(low=low, high=high, kind="bootstrap")
    return found


def stretched(estimate: float, low: float, high: float, clusters: int, confidence: float) -> tuple[float, float]:
    """Stretch an interval about its estimate by Student's t, of clusters less one, over the normal quantile."""
    tail = (1 + confidence) / 2
    factor = float(stats.t.ppf(tail, clusters - 1) / stats.norm.ppf(tail))
    return estimate + (low - estimate) * factor, estimate + (high - estimate) * factor


def _limits(means: Floats, estimates: Floats, ends: Ends | None) -> Floats:
    """(2, means) the least and the greatest value at which half a prompt is put."""
    least, greatest = np.nanmin(means, axis=0), np.nanmax(means, axis=0)
    if ends is not None:
        # Sums of values at an end may pass it in the last bits.
        slack = 1e-9 * max(1.0, abs(ends[0]), abs(ends[1]))
        if (least < ends[0] - slack).any() or (greatest > ends[1] + slack).any():
            raise ValueError(f"means from {least.min():g} to {greatest.max():g}; {ends[0]:g} to {ends[1]:g} is allowed")
        return np.repeat(np.array(ends, dtype=np.float64)[:, None], means.shape[1], axis=1)
    further = (greatest - estimates) - (estimates - least)
    return np.stack([least - BEYOND * np.maximum(-further, 0), greatest + BEYOND * np.maximum(further, 0)])


def _draws(totals: Floats, numbers: Floats, limits: Floats, draws: int, seed: int) -> Floats:
    """(draws, means), half a prompt of the usual size at each limit."""
    used = (numbers > 0).any(axis=1)
    size = numbers.sum(axis=0) / (numbers > 0).sum(axis=0)
    table = np.concatenate([totals, numbers], axis=1)[used]
    pseudo = np.concatenate([limits * size, np.repeat(size[None, :], 2, axis=0)], axis=1)
    sums = weighted_sums(table, pseudo, draws, seed)
    width = totals.shape[1]
    return ratio(sums[:, :width], sums[:, width:])
