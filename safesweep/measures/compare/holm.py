"""The p-values of a family of comparisons."""

from collections.abc import Mapping

import numpy as np

from safesweep.measures.resample import Floats


def holm(p_values: Mapping[str, float]) -> dict[str, float]:
    """Adjust the p-values of a grid of comparisons (Holm 1979), keeping names and order.

    The k-th smallest of m, from 0, times m - k, and never below the one before. statsmodels' `multipletests` gives the same, and
    collects garbage at every call: half a second for five numbers.

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
    tested = sorted((p, name) for name, p in p_values.items() if not np.isnan(p))
    scaled = [p * (len(tested) - place) for place, (p, _) in enumerate(tested)]
    adjusted: Floats = np.minimum(np.maximum.accumulate(np.array(scaled)), 1.0)
    return {**p_values, **{name: float(value) for (_, name), value in zip(tested, adjusted, strict=True)}}
