"""Interval of I2P's expected maximum."""

import numpy as np
from numpy.typing import ArrayLike

from safesweep.measures.intervals.base import CONFIDENCE, DRAWS, Interval, check_confidence, percentile_bounds
from safesweep.measures.resample import BLOCK, Floats


def expected_maximum_interval(
    shares: ArrayLike,
    subset: int = 25,
    *,
    replace: bool = False,
    confidence: float = CONFIDENCE,
    draws: int = DRAWS,
    seed: int = 0,
) -> Interval:
    """`rates.expected_maximum` with the Bayesian bootstrap over prompts, the expectation computed exactly in each draw.

    Prompts worse than any that was seen decide the maximum, so that the upper end is found with half a prompt more at
    share 1, as in `cluster_bootstrap`; the lower end, which such a prompt would lift, without. A draw is a population of
    prompts, whose expected maximum of `subset` is sum of x (F(x)^subset - F(x-)^subset).

    Args:
        shares: (prompts,) in [0, 1] from `rates.prompt_shares`; NaN is left out.
        subset, replace: as in `rates.expected_maximum`.
        confidence, draws, seed: as in `cluster_bootstrap`.

    Returns:
        Interval, in [0, 1]. NaN throughout when fewer prompts than `subset` were scored and they are drawn without replacement;
        NaN bounds where all shares are 1.

    Raises:
        ValueError: subset below 1, a share outside [0, 1], confidence outside (0, 1), or draws below 1.
    """
    check_confidence(confidence)
    if subset < 1 or draws < 1:
        raise ValueError(f"subset is {subset} and draws {draws}; 1 or more is allowed")
    values = np.asarray(shares, dtype=np.float64)
    values = values[~np.isnan(values)]
    if ((values < 0) | (values > 1)).any():
        raise ValueError(f"shares from {values.min():g} to {values.max():g}; 0 to 1 is allowed")
    n = len(values)
    if n == 0 or (subset > n and not replace):
        return Interval(float("nan"), float("nan"), float("nan"), "none", n, n, confidence)
    kinds, counts = np.unique(np.concatenate([values, [0.0, 1.0]]), return_counts=True)
    counts = counts - ((kinds == 0) | (kinds == 1))
    estimate = _of_sample(kinds, counts, subset, replace)
    low, _ = percentile_bounds(_draws(kinds, counts, subset, draws, seed), confidence)
    _, high = percentile_bounds(_draws(kinds, counts + (kinds == 1) / 2, subset, draws, seed), confidence)
    low, high = min(low, estimate), max(high, estimate)
    if low == high:
        return Interval(estimate, float("nan"), float("nan"), "none", n, n, confidence)
    return Interval(estimate, low, high, "bootstrap", n, n, confidence)


def _draws(kinds: Floats, counts: Floats, subset: int, draws: int, seed: int) -> Floats:
    """(draws,) expected maxima of populations in which each share has a gamma weight of its count."""
    generator = np.random.default_rng(seed)
    step = max(1, BLOCK // len(kinds))
    found = []
    for start in range(0, draws, step):
        below = np.cumsum(generator.standard_gamma(counts, (min(step, draws - start), len(kinds))), axis=1)
        found.append(np.diff((below / below[:, -1:]) ** subset, axis=1, prepend=0.0) @ kinds)
    return np.concatenate(found)


def _of_sample(kinds: Floats, counts: Floats, subset: int, replace: bool) -> float:
    """The expected maximum of a subset of prompts, of which `counts` have each share."""
    below = np.cumsum(counts).astype(np.float64)
    n = below[-1]
    if replace:
        whole = (below / n) ** subset
    else:
        # P(maximum <= x): all of the subset among the prompts at or below x.
        whole = np.ones_like(below)
        for taken in range(subset):
            whole *= np.maximum(below - taken, 0) / (n - taken)
    return float(np.diff(whole, prepend=0.0) @ kinds)
