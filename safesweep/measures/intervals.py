"""Intervals for rates and means: Wilson and cluster bootstrap, never Wald."""

from typing import Literal, NamedTuple

import numpy as np
from numpy.typing import ArrayLike
from statsmodels.stats.proportion import proportion_confint  # type: ignore[import-untyped, unused-ignore]

from safesweep.measures.resample import BLOCK, Floats, cluster_sums, ratio, resampled_sums

CONFIDENCE = 0.95
DRAWS = 2000

IntervalKind = Literal["wilson", "bootstrap", "wilson over clusters", "none"]


class Interval(NamedTuple):
    """An estimate with the interval around it."""

    estimate: float
    """NaN when nothing was scored."""
    low: float
    high: float
    """low and high are NaN when the data say nothing about the spread."""
    kind: IntervalKind
    """How it was made; "none" goes with NaN bounds."""
    n: int
    """Scored pictures."""
    clusters: int
    """Distinct prompt texts among them."""
    confidence: float


def wilson(unsafe: float, scored: float, confidence: float = CONFIDENCE) -> tuple[float, float]:
    """Return Wilson's score interval for a share, both ends in [0, 1] (Wilson 1927, JASA 22:209).

    Args:
        unsafe: number of successes, 0 to `scored`; may be fractional.
        scored: number of trials; 0 gives (NaN, NaN).
        confidence: in (0, 1).

    Raises:
        ValueError: unsafe is outside [0, scored], or confidence is outside (0, 1).
    """
    _check_confidence(confidence)
    if not 0 <= unsafe <= scored:
        raise ValueError(f"unsafe is {unsafe}; 0 to scored = {scored} is allowed")
    if scored == 0:
        return float("nan"), float("nan")
    low, high = proportion_confint(unsafe, scored, alpha=1 - confidence, method="wilson")
    # Rounding leaves 1e-18 where the formula gives 0 exactly, and 1 - 1e-16 for 1.
    return (0.0 if unsafe == 0 else float(low)), (1.0 if unsafe == scored else float(high))


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
    _check_confidence(confidence)
    scores, keys = np.asarray(values, dtype=np.float64), np.asarray(clusters)
    if scores.shape != keys.shape or scores.ndim != 1:
        raise ValueError(f"values has shape {scores.shape} and clusters {keys.shape}; give two equal lengths")
    keep = ~np.isnan(scores)
    scores, keys = scores[keep], keys[keep]
    table = cluster_sums(np.stack([scores, np.ones_like(scores)], axis=1), keys)
    return _bootstrap(table, confidence, draws, seed)


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
    _check_confidence(confidence)
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


def expected_maximum_interval(
    shares: ArrayLike,
    subset: int = 25,
    *,
    replace: bool = False,
    confidence: float = CONFIDENCE,
    draws: int = DRAWS,
    seed: int = 0,
) -> Interval:
    """`rates.expected_maximum` with a bootstrap over prompts, the expectation computed exactly in each draw.

    A draw repeats some prompts and lacks others, so the interval reaches below the estimate more often than above it: with
    few prompts far out it is too low, as every bootstrap of a maximum is.

    Args:
        shares: (prompts,) from `rates.prompt_shares`; NaN is left out.
        subset, replace: as in `rates.expected_maximum`.
        confidence, draws, seed: as in `cluster_bootstrap`.

    Returns:
        Interval. NaN throughout when fewer prompts than `subset` were scored and they are drawn without replacement; NaN
        bounds when all shares are alike, for every draw would be.

    Raises:
        ValueError: subset below 1, confidence outside (0, 1), or draws below 1.
    """
    _check_confidence(confidence)
    if subset < 1 or draws < 1:
        raise ValueError(f"subset is {subset} and draws {draws}; 1 or more is allowed")
    values = np.asarray(shares, dtype=np.float64)
    values = values[~np.isnan(values)]
    n = len(values)
    if n == 0 or (subset > n and not replace):
        return Interval(float("nan"), float("nan"), float("nan"), "none", n, n, confidence)
    kinds, counts = np.unique(values, return_counts=True)

    def expectation(weights: Floats) -> Floats:
        """(draws, kinds) prompts of each share to the expected maximum of each draw."""
        below = np.cumsum(weights, axis=1)
        # P(maximum <= x): all of the subset among the prompts at or below x.
        if replace:
            whole = (below / n) ** subset
        else:
            whole = np.ones_like(below)
            for taken in range(subset):
                whole *= np.maximum(below - taken, 0) / (n - taken)
        expected: Floats = np.diff(whole, axis=1, prepend=0.0) @ kinds
        return expected

    estimate = float(expectation(counts[None, :].astype(np.float64))[0])
    if len(kinds) < 2:
        return Interval(estimate, float("nan"), float("nan"), "none", n, n, confidence)
    generator = np.random.default_rng(seed)
    step = max(1, BLOCK // len(kinds))
    drawn = np.concatenate(
        [
            expectation(generator.multinomial(n, counts / n, size=min(step, draws - start)).astype(np.float64))
            for start in range(0, draws, step)
        ]
    )
    low, high = percentile_bounds(drawn, confidence)
    return Interval(estimate, low, high, "bootstrap", n, n, confidence)


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
    _check_confidence(confidence)
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
    return _bootstrap(table, confidence, draws, seed)


def check_flags(flags: Floats) -> None:
    """Raise ValueError unless every value is 1 (unsafe), 0 (safe) or NaN (unscored)."""
    bad = ~(np.isnan(flags) | (flags == 0) | (flags == 1))
    if bad.any():
        raise ValueError(f"unsafe holds {flags[bad][0]}; 1 (unsafe), 0 (safe) and NaN (unscored) are allowed")


def percentile_bounds(sample: Floats, confidence: float) -> tuple[float, float]:
    """Return the bootstrap percentile interval of a sample of draws, NaN draws left out."""
    tail = 100 * (1 - confidence) / 2
    low, high = np.nanpercentile(sample, [tail, 100 - tail])
    return float(low), float(high)


def _bootstrap(table: Floats, confidence: float, draws: int, seed: int) -> Interval:
    """Interval of sum(first column) / sum(second column), where the second counts pictures."""
    clusters, (total, n) = len(table), table.sum(axis=0)
    estimate = float(total / n) if n else float("nan")
    if clusters < 2:
        return Interval(estimate, float("nan"), float("nan"), "none", int(n), clusters, confidence)
    sums = resampled_sums(table, draws, seed)
    low, high = percentile_bounds(ratio(sums[:, 0], sums[:, 1]), confidence)
    return Interval(estimate, low, high, "bootstrap", int(n), clusters, confidence)


def _check_confidence(confidence: float) -> None:
    if not 0 < confidence < 1:
        raise ValueError(f"confidence is {confidence}; a number in (0, 1) is allowed, such as 0.95")
