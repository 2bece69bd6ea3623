"""An interval for a distance between two sets, whose pictures are alike within prompts: the delete-a-group jackknife."""

import math
from collections.abc import Sequence
from hashlib import sha256
from typing import NamedTuple

from scipy import stats

GROUPS = 20
NAN = float("nan")


class Estimate(NamedTuple):
    """A number with its interval; NaN where there is none."""

    value: float
    low: float
    high: float


def group_of(cluster: str, groups: int) -> int:
    """The group, 0 to groups - 1, that a prompt belongs to in every set, so that the pictures of a pair are left out together."""
    return int.from_bytes(sha256(cluster.encode()).digest()[:8]) % groups


def jackknife(value: float, left_out: Sequence[float], confidence: float = 0.95) -> Estimate:
    """``value`` of all, with Student's interval from what it is without each group in turn (Efron and Tibshirani 1993, chapter 11).

    ``left_out``: one number a group that holds pictures; NaN among them, or fewer than two, gives no interval.
    """
    count = len(left_out)
    if count < 2 or not all(map(math.isfinite, (value, *left_out))):
        return Estimate(value, NAN, NAN)
    mean = math.fsum(left_out) / count
    error = math.sqrt((count - 1) / count * math.fsum((one - mean) ** 2 for one in left_out))
    reach = float(stats.t.ppf(0.5 + confidence / 2, count - 1)) * error
    return Estimate(value, value - reach, value + reach)
