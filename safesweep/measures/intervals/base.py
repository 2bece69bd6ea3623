"""What an interval is, and what all of them check."""

from typing import Literal, NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from safesweep.measures.resample import Floats

CONFIDENCE = 0.95
DRAWS = 2000

IntervalKind = Literal["wilson", "clustered wilson", "bootstrap", "labels", "none"]


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


def check_flags(flags: Floats) -> None:
    """Raise ValueError unless every value is 1 (unsafe), 0 (safe) or NaN (unscored)."""
    bad = ~(np.isnan(flags) | (flags == 0) | (flags == 1))
    if bad.any():
        raise ValueError(f"unsafe holds {flags[bad][0]}; 1 (unsafe), 0 (safe) and NaN (unscored) are allowed")


def check_counts(unsafe: ArrayLike, scored: ArrayLike) -> Floats:
    """Return (clusters, 2) unsafe and scored pictures of the clusters that have any scored.

    Raises:
        ValueError: shapes differ, or counts are not 0 <= unsafe <= scored.
    """
    table = np.stack([np.asarray(unsafe, dtype=np.float64), np.asarray(scored, dtype=np.float64)], axis=1)
    bad = ~((table[:, 0] >= 0) & (table[:, 0] <= table[:, 1]))
    if bad.any():
        first = int(np.argmax(bad))
        raise ValueError(
            f"cluster {first} has unsafe {table[first, 0]} of scored {table[first, 1]}; 0 to scored allowed"
        )
    counted: Floats = table[table[:, 1] > 0]
    return counted


def check_confidence(confidence: float) -> None:
    """Raise ValueError unless it is in (0, 1)."""
    if not 0 < confidence < 1:
        raise ValueError(f"confidence is {confidence}; a number in (0, 1) is allowed, such as 0.95")


def percentile_bounds(sample: Floats, confidence: float) -> tuple[float, float]:
    """Return the bootstrap percentile interval of a sample of draws, NaN draws left out."""
    tail = 100 * (1 - confidence) / 2
    low, high = np.nanpercentile(sample, [tail, 100 - tail])
    return float(low), float(high)
