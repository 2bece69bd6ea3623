"""A slope over many nights: what is too small to be seen from one night to the next adds up."""

import math
from collections.abc import Sequence
from typing import Literal, NamedTuple

import numpy as np
from numpy.typing import ArrayLike
from scipy import stats  # type: ignore[import-untyped, unused-ignore]

from safesweep.files import finite
from safesweep.measures.compare import holm
from safesweep.regression.policy import MeasureRule, Policy
from safesweep.regression.verdict import Verdict
from safesweep.settings import Section

POWER = 0.8


class Slope(NamedTuple):
    """A straight line through values of nights, by least squares."""

    slope: float
    """A night, in the unit of the values."""
    error: float
    """Standard error."""
    p_value: float
    """Two-sided, of no slope: Student's t on two degrees of freedom fewer than nights."""
    freedom: int


def fit_slope(values: ArrayLike) -> Slope:
    """The slope of three or more finite values, one a night, in their order. Values that are all alike have none, p 1."""
    y = np.asarray(values, dtype=np.float64)
    nights = len(y)
    x = np.arange(nights) - (nights - 1) / 2
    spread = float(x @ x)
    slope = float(x @ y) / spread
    residual = y - y.mean() - slope * x
    error = math.sqrt(float(residual @ residual) / (nights - 2) / spread)
    # Below it, a line through equal values is rounding.
    if abs(slope) * nights <= 1e-12 * max(1.0, float(np.abs(y).max())):
        return Slope(0.0, error, 1.0, nights - 2)
    p = float(2 * stats.t.sf(abs(slope) / error, nights - 2)) if error > 0 else 0.0
    return Slope(slope, error, p, nights - 2)


def detectable_slope(slope: Slope, alpha: float) -> float:
    """The smallest slope that such nights find with power 0.8: (t(1 - α/2) + t(0.8)) standard errors."""
    factor = stats.t.ppf(1 - alpha / 2, slope.freedom) + stats.t.ppf(POWER, slope.freedom)
    return float(factor) * slope.error


class Trend(Section):
    """One measure's slope up to tonight, numbers in the measure's own unit."""

    measure: str
    series: str
    level: Literal["critical", "advisory"]
    nights: int
    slope: float
    """A night."""
    p_adjusted: float
    """Holm over the trends of the same level."""
    rise: float
    """The line's end less its beginning."""
    detectable: float | None
    """Smallest such rise that these nights find with power 0.8."""
    verdict: Verdict
    reason: str


class Series(NamedTuple):
    """One measure of one cell over the nights that can be compared, tonight last."""

    measure: str
    series: str
    rule: MeasureRule
    values: tuple[float, ...]


def trends(series: Sequence[Series], policy: Policy) -> tuple[Trend, ...]:
    """Judges every series that is long enough; the others have no trend yet.

    A line that is steeper than chance makes it and has gone further than the rule allows is BLOCK (WARN where advisory); one that will
    be as far in as many nights again is WARN. Without a slope: PASS where one as large as the limit would have been found, else
    INCONCLUSIVE, which is told and closes no gate, for what one night decides does not hang on it.
    """
    found: list[Trend] = []
    for level in ("critical", "advisory"):
        own = [one for one in series if one.rule.level == level and len(one.values) >= policy.trend.nights]
        slopes = [fit_slope(one.values) for one in own]
        adjusted = holm({str(place): slope.p_value for place, slope in enumerate(slopes)})
        strictest = policy.trend.alpha / max(len(own), 1)
        found += [
            _judge(one, slope, adjusted[str(place)], strictest, policy.trend.alpha)
            for place, (one, slope) in enumerate(zip(own, slopes, strict=True))
        ]
    return tuple(found)


def _judge(one: Series, slope: Slope, p_adjusted: float, strictest: float, alpha: float) -> Trend:
    nights = len(one.values)
    rise, detectable = slope.slope * (nights - 1), detectable_slope(slope, strictest) * (nights - 1)
    limits = dict(one.rule.sides())
    limit = limits.get(1 if rise > 0 else -1, math.inf)
    if p_adjusted < alpha and abs(rise) > limit:
        verdict = Verdict.BLOCK if one.rule.level == "critical" else Verdict.WARN
        reason = "drifted further than is allowed, one small step after the other"
    elif p_adjusted < alpha and 2 * abs(rise) > limit:
        verdict, reason = Verdict.WARN, "drifts, and will be further than is allowed in as many nights again"
    elif p_adjusted < alpha or detectable <= min(limits.values()):
        verdict, reason = Verdict.PASS, "a drift as large as the limit would have been found"
    else:
        verdict, reason = (
            Verdict.INCONCLUSIVE,
            "nights differ too much, or are too few, to find a drift as large as the limit",
        )
    return Trend(
        measure=one.measure,
        series=one.series,
        level=one.rule.level,
        nights=nights,
        slope=slope.slope,
        p_adjusted=p_adjusted,
        rise=rise,
        detectable=finite(detectable),
        verdict=verdict,
        reason=reason,
    )
