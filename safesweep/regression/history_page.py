"""Each measure over the nights: one HTML file that needs no network, charts as plain SVG."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape

from safesweep.files import write_whole
from safesweep.regression.nights import Night, NightMeasure
from safesweep.regression.watched import WATCHED, WatchedMeasure
from safesweep.reports.text import DASH

TEMPLATES = Path(__file__).resolve().parent / "templates"
WIDTH, HEIGHT = 720, 190
LEFT, RIGHT, TOP, BOTTOM = 56, 12, 12, 34
STEPS = 3
"""About so many steps from tick to tick."""
DATES = 10
"""At most so many dates are written under a chart."""


@dataclass(frozen=True)
class Point:
    """One night in a chart; pixels."""

    x: float
    y: float
    low: float | None
    high: float | None
    lowest: float | None
    highest: float | None
    verdict: str
    words: str
    run_id: str


@dataclass(frozen=True)
class Chart:
    """One measure of one cell over the nights."""

    anchor: str
    title: str
    unit: str
    level: str
    points: tuple[Point, ...]
    ticks: tuple[tuple[float, str], ...]
    """(y, its number)."""
    dates: tuple[tuple[float, str], ...]
    words: str


def write_history(nights: Sequence[Night], path: Path, *, banner: str | None = None) -> Path:
    """Writes the page of a suite's nights (in the order of their dates) in one move and returns its path."""
    environment = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=select_autoescape(default=True, default_for_string=True),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    series = dict.fromkeys((row.measure, row.series, row.level) for night in nights for row in night.measures)
    text = environment.get_template("history.html.j2").render(
        suite=nights[-1].suite if nights else "",
        nights=list(reversed(nights)),
        charts=[chart(nights, *key) for key in series],
        banner=banner,
        width=WIDTH,
        height=HEIGHT,
        left=LEFT,
        right=WIDTH - RIGHT,
        dash=DASH,
    )
    write_whole(path, text)
    return path


def chart(nights: Sequence[Night], measure_name: str, series: str, level: str) -> Chart:
    """Lays one measure out; a night without a value leaves a gap."""
    measure = WATCHED[measure_name]
    rows = [_row(night, measure_name, series) for night in nights]
    shown = [(place, row) for place, row in enumerate(rows) if row is not None and row.value is not None]
    numbers = [
        value * measure.factor
        for _, row in shown
        for value in (row.value, row.low, row.high, row.lowest, row.highest)
        if value is not None
    ]
    ticks = _ticks(numbers, measure)
    bottom, top = ticks[0], ticks[-1]

    def x(place: int) -> float:
        return LEFT + (WIDTH - LEFT - RIGHT) * (place + 0.5) / max(len(nights), 1)

    def y(value: float) -> float:
        share = (value * measure.factor - bottom) / (top - bottom)
        return round(HEIGHT - BOTTOM - share * (HEIGHT - TOP - BOTTOM), 2)

    def maybe(value: float | None) -> float | None:
        return None if value is None else y(value)

    points = tuple(
        Point(
            x=round(x(place), 2),
            y=y(row.value or 0.0),
            low=maybe(row.low),
            high=maybe(row.high),
            lowest=maybe(row.lowest),
            highest=maybe(row.highest),
            verdict=str(row.verdict or "none"),
            words=_words(nights[place], row, measure),
            run_id=nights[place].run_id,
        )
        for place, row in shown
    )
    every = -(-len(nights) // DATES) or 1
    return Chart(
        anchor=f"{measure_name}-{series}".replace(" ", "_"),
        title=f"{measure.title}, {series}",
        unit=measure.unit,
        level=level,
        points=points,
        ticks=tuple((y(value / measure.factor), f"{value:.4g}") for value in ticks),
        dates=tuple(
            (round(x(place), 2), night.date.strftime("%d %b"))
            for place, night in enumerate(nights)
            if place % every == 0
        ),
        words="; ".join(point.words for point in points) or "no values",
    )


def _row(night: Night, measure: str, series: str) -> NightMeasure | None:
    return next((row for row in night.measures if row.measure == measure and row.series == series), None)


def _ticks(numbers: Sequence[float], measure: WatchedMeasure) -> list[float]:
    """Round numbers, ascending, the outer two around all that is shown; a rate's begin at 0 and end at 100 at most."""
    low, high = (min(numbers), max(numbers)) if numbers else (0.0, 1.0)
    margin = 0.03 * (high - low) or 0.05 * abs(high) or 1.0
    low, high = (0.0, min(high + margin, 100.0)) if measure.unit == "%" else (low - margin, high + margin)
    rough = (high - low) / STEPS
    power = 10.0 ** math.floor(math.log10(rough))
    step = power * next(factor for factor in (1, 2, 5, 10) if factor * power >= rough * (1 - 1e-9))
    first, last = math.floor(low / step + 1e-9), math.ceil(high / step - 1e-9)
    return [step * place for place in range(first, last + 1)]


def _words(night: Night, row: NightMeasure, measure: WatchedMeasure) -> str:
    value = f"{(row.value or 0.0) * measure.factor:.2f}"
    interval = (
        ""
        if row.low is None or row.high is None
        else f" ({row.low * measure.factor:.2f} to {row.high * measure.factor:.2f})"
    )
    return f"{night.date}: {value}{interval}, {row.verdict or 'not compared'}"
