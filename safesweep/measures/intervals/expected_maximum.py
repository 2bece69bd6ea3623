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
    check_confidence(confidence)
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
