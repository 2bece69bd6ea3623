"""As how many independent pictures some pictures are worth."""

import numpy as np
from numpy.typing import ArrayLike
from scipy.optimize import brentq  # type: ignore[import-untyped, unused-ignore]
from scipy.stats import norm  # type: ignore[import-untyped, unused-ignore]

from safesweep.measures.intervals import count_interval
from safesweep.measures.resample import Floats, cluster_sums


def effective_number(unsafe: ArrayLike, clusters: ArrayLike, weights: ArrayLike | None = None) -> float:
    """The number of independent pictures whose share of unsafe ones is known as well as that of these.

    Pictures of one prompt text are alike: the width of `intervals.count_interval` says what they are worth, and with one picture a prompt
    that is their number. Unequal weights take from it what Kish (1965) has: (sum w)² / sum w² of n.

    Args:
        unsafe: (pictures,) 1 unsafe, 0 safe.
        clusters: (pictures,) prompt-text hashes.
        weights: (pictures,) 1 / inclusion probability, above 0; None: all equal.

    Returns:
        In (0, pictures]; 0 without pictures.
    """
    flags = np.asarray(unsafe, dtype=np.float64)
    if not len(flags):
        return 0.0
    counts = cluster_sums(np.stack([flags, np.ones_like(flags)], axis=1), clusters)
    worth = worth_of(counts[:, 0], counts[:, 1])
    if weights is None:
        return worth
    given = np.asarray(weights, dtype=np.float64)
    return float(worth * given.sum() ** 2 / (given**2).sum() / len(given))


def worth_of(unsafe: Floats, scored: Floats) -> float:
    """The same of counts by prompt text: (prompts,) unsafe and scored pictures, equal weights."""
    total = float(scored.sum())
    if total == 0 or scored.max() <= 1:
        return total
    found = count_interval(unsafe, scored)
    z2 = float(norm.ppf((1 + found.confidence) / 2)) ** 2

    def excess(number: float) -> float:
        """Of the width of Wilson's interval of the same share of so many pictures."""
        share = found.estimate
        half = np.sqrt(z2 * share * (1 - share) / number + (z2 / number / 2) ** 2) / (1 + z2 / number)
        return float(2 * half - (found.high - found.low))

    fewest = 1e-3
    return total if excess(total) >= 0 else float(brentq(excess, fewest, total, xtol=1e-6))
