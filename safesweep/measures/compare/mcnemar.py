"""Paired rates, one pair a prompt: McNemar's exact test."""

from statsmodels.stats.contingency_tables import mcnemar  # type: ignore[import-untyped, unused-ignore]


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
