"""Numbers, intervals and gaps as text: the same in a terminal, in HTML and in Markdown."""

import math
from collections.abc import Callable
from functools import partial

from safesweep.measures.compare import PairedDifference
from safesweep.measures.intervals import Interval

DASH = "–"
"""Stands for a number that does not exist; 0 would be a result."""
MOST_DIGITS = 6
INTERVAL_KINDS = {
    "wilson": "Wilson's, one picture a prompt",
    "clustered wilson": "Wilson's, for the correlation that pictures of one prompt show",
    "bootstrap": "a bootstrap over prompts",
    "labels": "draws of what the labels say of the judge",
    "none": "none, too few prompts scored",
}
"""`Interval.kind` in words."""


def decimal(value: float | None, digits: int = 1, *, sign: bool = False) -> str:
    """A number with so many decimals, with a plus where `sign` is set; zero has no sign. A dash for None and NaN."""
    if value is None or math.isnan(value):
        return DASH
    rounded = round(value, digits) + 0.0  # Adding 0.0 turns -0.0 into 0.0.
    return f"{rounded:+.{digits}f}" if sign and rounded else f"{rounded:.{digits}f}"


def signed(value: float | None, digits: int = 1) -> str:
    """A change: as `decimal`, but a sign stands before every number, before zero as well."""
    return DASH if value is None or math.isnan(value) else f"{value:+.{digits}f}"


def significant(value: float, digits: int) -> str:
    """A number with so many significant digits, as "1.3e-05" where it is very small or large; a dash for NaN."""
    return DASH if math.isnan(value) else f"{value:.{digits}g}"


def percent(share: float) -> str:
    """A share in [0, 1] as "12.3%"; a dash for NaN."""
    return DASH if math.isnan(share) else f"{share:.1%}"


def seconds(value: float) -> str:
    """Seconds with two digits, whole from 100 on; a dash for NaN."""
    if math.isnan(value):
        return DASH
    return f"{value:.0f}" if value >= 100 else f"{value:.1f}" if value >= 10 else significant(value, 2)


def p_value(p: float) -> str:
    """To three decimals; "< 0.001" below that."""
    return "< 0.001" if p < 0.001 else decimal(p, 3)


def probability(value: float) -> str:
    """Two decimals, of which "1.00" and "0.00" mean that no draw, or every draw, said otherwise."""
    return decimal(value, 2)


def bounds(
    low: float, high: float, digits: int = 1, *, between: str = " to ", write: Callable[[float, int], str] = decimal
) -> str:
    """The ends of an interval, in the unit that they are given in; one dash where there are none.

    Args:
        low, high: the ends; NaN: there are none.
        digits: decimals of each.
        between: what stands between them.
        write: `decimal` or `signed`.

    Ends that differ get as many decimals as it takes to tell them apart: an interval never looks as if it had no width.
    """
    if math.isnan(low):
        return DASH
    while low < high and digits < MOST_DIGITS and _look_alike(write(low, digits), write(high, digits)):
        digits += 1
    return f"{write(low, digits)}{between}{write(high, digits)}"


def _look_alike(one: str, other: str) -> bool:
    """Whether two ends are one text, or both nothing but zeros with whichever sign."""
    return one == other or not set("123456789") & set(one + other)


def change_bounds(
    paired: PairedDifference,
    digits: int = 1,
    *,
    factor: float = 1.0,
    between: str = " to ",
    write: Callable[[float, int], str] = decimal,
) -> str:
    """The ends of a difference times `factor`; where no pair differs and there are none, how many prompts may at most."""
    if math.isnan(paired.low) and not math.isnan(paired.at_most):
        return f"unchanged in all {paired.pairs:,} pairs, so in at most {percent(paired.at_most)} of prompts"
    return bounds(factor * paired.low, factor * paired.high, digits, between=between, write=write)


def hundredfold(interval: Interval) -> tuple[str, str]:
    """Estimate and bounds x 100: percent of a rate, 100·cos of a cosine."""
    return decimal(100 * interval.estimate), bounds(100 * interval.low, 100 * interval.high)


def hundredfold_change(paired: PairedDifference) -> tuple[str, str]:
    """Difference and bounds x 100, with signs but for zero."""
    write = partial(decimal, sign=True)
    return write(100 * paired.difference), change_bounds(paired, factor=100, write=write)
