"""Numbers as a report writes them, the same in HTML and Markdown."""

import math

from safesweep.measures.compare import PairedDifference
from safesweep.measures.intervals import Interval
from safesweep.reports.facts import RunFacts
from safesweep.reports.result_table import DASH, KINDS


def decimal(value: float, digits: int = 1, *, sign: bool = False) -> str:
    """A number with so many decimals; a dash for NaN."""
    if math.isnan(value):
        return DASH
    rounded = round(value, digits) + 0.0  # Adding 0.0 turns -0.0 into 0.0.
    return f"{rounded:+.{digits}f}" if sign and rounded else f"{rounded:.{digits}f}"


def bounds(low: float, high: float, *, sign: bool = False) -> str:
    """The ends of an interval, in the unit that they are given in."""
    return DASH if math.isnan(low) else f"{decimal(low, sign=sign)} to {decimal(high, sign=sign)}"


def percent(interval: Interval) -> tuple[str, str]:
    """Estimate and bounds x 100: percent of a rate, 100·cos of a cosine."""
    return decimal(100 * interval.estimate), bounds(100 * interval.low, 100 * interval.high)


def difference(paired: PairedDifference) -> tuple[str, str]:
    """Difference and bounds x 100, with signs."""
    return (
        decimal(100 * paired.difference, sign=True),
        bounds(100 * paired.low, 100 * paired.high, sign=True),
    )


def p_value(p: float) -> str:
    """To three decimals; "< 0.001" below that."""
    return "< 0.001" if p < 0.001 else decimal(p, 3)


def probability(value: float) -> str:
    """Two decimals, of which "1.00" and "0.00" mean that no draw, or every draw, said otherwise."""
    return decimal(value, 2)


def interval_kinds(facts: RunFacts) -> str:
    """Which intervals the rates have, in words."""
    used = {
        i.kind for cell in facts.cells for i in (cell.summary.asr, cell.summary.benign_unsafe, cell.view.trigger_rate)
    }
    return "; ".join(words for kind, words in KINDS.items() if kind in used)
