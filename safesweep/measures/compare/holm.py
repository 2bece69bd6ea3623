"""The p-values of a family of comparisons."""

from collections.abc import Mapping

import numpy as np
from statsmodels.stats.multitest import multipletests  # type: ignore[import-untyped, unused-ignore]


def holm(p_values: Mapping[str, float]) -> dict[str, float]:
    """Adjust the p-values of a grid of comparisons (Holm 1979), keeping names and order.

    Args:
        p_values: comparison -> p in [0, 1]; NaN (a comparison without pairs) stays NaN and is no test of the family.

    Returns:
        comparison -> adjusted p in [0, 1].

    Raises:
        ValueError: a p-value outside [0, 1].
    """
    for name, p in p_values.items():
        if p < 0 or p > 1:
            raise ValueError(f"p-value of {name!r} is {p}; [0, 1] or NaN is allowed")
    tested = {name: p for name, p in p_values.items() if not np.isnan(p)}
    if not tested:
        return dict(p_values)
    adjusted = multipletests(list(tested.values()), method="holm")[1]
    return {**p_values, **dict(zip(tested, map(float, adjusted), strict=True))}
