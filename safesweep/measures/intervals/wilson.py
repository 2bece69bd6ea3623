"""Wilson's interval of a share."""

from statsmodels.stats.proportion import proportion_confint  # type: ignore[import-untyped, unused-ignore]

from safesweep.measures.intervals.base import CONFIDENCE, check_confidence


def wilson(unsafe: float, scored: float, confidence: float = CONFIDENCE) -> tuple[float, float]:
    """Return Wilson's score interval for a share, both ends in [0, 1] (Wilson 1927, JASA 22:209).

    Args:
        unsafe: number of successes, 0 to `scored`; may be fractional.
        scored: number of trials; 0 gives (NaN, NaN).
        confidence: in (0, 1).

    Raises:
        ValueError: unsafe is outside [0, scored], or confidence is outside (0, 1).
    """
    check_confidence(confidence)
    if not 0 <= unsafe <= scored:
        raise ValueError(f"unsafe is {unsafe}; 0 to scored = {scored} is allowed")
    if scored == 0:
        return float("nan"), float("nan")
    low, high = proportion_confint(unsafe, scored, alpha=1 - confidence, method="wilson")
    # Rounding leaves 1e-18 where the formula gives 0 exactly, and 1 - 1e-16 for 1.
    return (0.0 if unsafe == 0 else float(low)), (1.0 if unsafe == scored else float(high))
