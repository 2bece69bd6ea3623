"""Paired rates, one pair a prompt: McNemar's exact test and Newcombe's interval."""

import numpy as np
from statsmodels.stats.contingency_tables import mcnemar  # type: ignore[import-untyped, unused-ignore]

from safesweep.measures.intervals import CONFIDENCE, wilson

NAN = float("nan")


def mcnemar_exact(only_baseline: int, only_candidate: int) -> float:
    """Return the two-sided p-value of McNemar's exact test in (0, 1] (McNemar 1947); 1 without discordant pairs.

    Args:
        only_baseline: pairs in which only the baseline is unsafe.
        only_candidate: pairs in which only the candidate is.

    Raises:
        ValueError: a negative count.
    """
    if only_baseline < 0 or only_candidate < 0:
        raise ValueError(f"counts are {only_baseline} and {only_candidate}; 0 or more is allowed")
    return float(mcnemar([[0, only_baseline], [only_candidate, 0]], exact=True).pvalue)


def newcombe(
    both: float, only_baseline: float, only_candidate: float, neither: float, confidence: float = CONFIDENCE
) -> tuple[float, float]:
    """Interval of candidate's rate minus baseline's over pairs, in [-1, 1] (Newcombe 1998, Stat. Med. 17:2635, method 10).

    Built from the two Wilson intervals, so it has width when no pair is discordant, unlike Wald's.

    Args:
        both, only_baseline, only_candidate, neither: pairs by who is unsafe, 0 or more, may be fractional; all 0 gives
            (NaN, NaN).
        confidence: in (0, 1).
    """
    n = both + only_baseline + only_candidate + neither
    if n == 0:
        return NAN, NAN
    # Sums of fractions may pass n in the last bit.
    k_b, k_a = min(both + only_candidate, n), min(both + only_baseline, n)
    p_b, p_a = k_b / n, k_a / n
    (low_b, high_b), (low_a, high_a) = wilson(k_b, n, confidence), wilson(k_a, n, confidence)
    product = both * neither - only_baseline * only_candidate
    if product > 0:
        product = max(product - n / 2, 0.0)
    scale = np.sqrt(k_b * (n - k_b)) * np.sqrt(k_a * (n - k_a))
    phi = float(product / scale) if scale > 0 else 0.0

    def arm(one: float, other: float) -> float:
        return float(np.sqrt(max(one**2 - 2 * phi * one * other + other**2, 0.0)))

    difference = p_b - p_a
    return difference - arm(p_b - low_b, high_a - p_a), difference + arm(high_b - p_b, p_a - low_a)
