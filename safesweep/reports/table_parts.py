"""What tables are made of: heads, boxes, and numbers and intervals as boxes."""

import math
from typing import NamedTuple

from safesweep.measures.intervals import Interval
from safesweep.reports.text import decimal, hundredfold


class Head(NamedTuple):
    """A column's head."""

    label: str
    hint: str = ""
    """One sentence that says what the number is."""
    numeric: bool = True


class Box(NamedTuple):
    """One box of a table."""

    main: str
    sub: str = ""
    """Smaller, below: an interval."""
    value: float | str | None = None
    """What it is sorted by; None sorts last, whichever way."""
    link: str = ""
    """Anchor on the page."""


class Table(NamedTuple):
    """A table."""

    anchor: str
    title: str
    note: str
    heads: list[Head]
    rows: list[list[Box]]


def count(number: int) -> Box:
    """A whole number."""
    return Box(f"{number:,}", value=float(number))


def number(number: float, main: str | None = None, sub: str = "") -> Box:
    """A number, by default with one decimal; NaN is a dash and sorts last."""
    return Box(decimal(number) if main is None else main, sub, None if math.isnan(number) else number)


def interval(interval: Interval) -> Box:
    """Estimate and ends x 100: percent of a rate, 100·cos of a cosine."""
    return number(interval.estimate, *hundredfold(interval))
