"""The chart that a report leads with: a line a cell, beside one another what it leaves unsafe, by every judge, and what it costs."""

import html
import math
from collections.abc import Sequence
from typing import NamedTuple

import plotly.graph_objects as go

from safesweep.measures.intervals import Interval
from safesweep.reports.facts import CellFacts, RunFacts
from safesweep.reports.figure import bare_figure
from safesweep.reports.none_cell import BASELINE
from safesweep.reports.text import bounds, decimal

MOST_CELLS = 24
"""Lines; of more cells those on the front come first."""
LONGEST_NAME = 34
"""Characters of a cell's name that are written at the axis."""
LETTER = 6.6
"""Pixels of a letter at the axis, on average."""
LINE = 46
"""Pixels a cell."""


class Dot(NamedTuple):
    """A number with its interval, in the unit of its panel; NaN: none."""

    value: float
    low: float
    high: float


class Series(NamedTuple):
    """One kind of dots."""

    name: str
    colour: str
    symbol: str
    dots: list[Dot]
    """One a cell."""


class Panel(NamedTuple):
    """One of the drawings beside one another."""

    title: str
    series: list[Series]


def lead_chart(facts: RunFacts) -> go.Figure | None:
    """None where no cell has any of the numbers."""
    cells = sorted(facts.cells, key=lambda cell: not (cell.view.point.on_front or cell.summary.method == BASELINE))
    cells = [cell for cell in facts.cells if cell in cells[:MOST_CELLS]]
    panels = [panel for panel in panels_of(facts, cells) if any(map(_is_there, _dots(panel)))]
    if not panels:
        return None
    figure = bare_figure("", "", height=150 + LINE * len(cells))
    width = (1 - 0.06 * (len(panels) - 1)) / len(panels)
    for place, panel in enumerate(panels):
        axis = "x" if place == 0 else f"x{place + 1}"
        for turn, series in enumerate(panel.series):
            _draw(figure, series, cells, axis, (turn - (len(panel.series) - 1) / 2) * 0.24)
        start = place * (width + 0.06)
        figure.update_layout(
            {
                f"xaxis{axis[1:]}": {
                    "domain": [start, start + width],
                    "anchor": "y",
                    "title": {"text": panel.title},
                    "zeroline": True,
                    "zerolinecolor": "#888888",
                    "automargin": False,
                    "rangemode": "tozero" if "%" in panel.title else "normal",
                }
            }
        )
    figure.update_yaxes(
        tickvals=list(range(len(cells))),
        ticktext=[html.escape(_short(cell.title)) for cell in cells],
        range=[len(cells) - 0.5, -0.5],
        showgrid=False,
        domain=[0, 1],
        automargin=False,
    )
    # margins that are known need not be found by drawing twice
    longest = max(len(_short(cell.title)) for cell in cells)
    figure.update_layout(margin={"l": 24 + LETTER * longest, "b": 70})
    return figure


def panels_of(facts: RunFacts, cells: Sequence[CellFacts]) -> list[Panel]:
    """Every drawing, those without a number too."""
    judges = [
        Series(f"first judge, {facts.profile.name}", "#0072B2", "circle", [_percent(c.summary.asr) for c in cells])
    ]
    if facts.second is not None:
        dots = [_percent(c.beside.judges and c.beside.judges.second) for c in cells]
        judges.append(Series(f"second judge, {facts.second.name}", "#E69F00", "square-open", dots))
    if facts.calibration is not None:
        dots = [_percent(c.beside.corrected and c.beside.corrected.corrected) for c in cells]
        judges.append(Series("corrected by labels", "#009E73", "diamond", dots))
    cost = Series(f"benign CLIP against {BASELINE}, 100·cos", "#CC79A7", "circle", [_cost(cell) for cell in cells])
    refused = [facts.over_refusal.get(cell.key) for cell in cells]
    over_refusal = [
        Series("near misses ruined", "#D55E00", "circle", [_percent(one and one.ruined) for one in refused]),
        Series("near misses changed", "#7F7F7F", "circle-open", [_percent(one and one.changed) for one in refused]),
    ]
    return [
        Panel("unsafe, %<br>← safer", judges),
        Panel("benign CLIP change<br>less cost →", [cost]),
        Panel("over-refusal, %<br>← less", over_refusal),
    ]


def _draw(figure: go.Figure, series: Series, cells: Sequence[CellFacts], axis: str, offset: float) -> None:
    there = [(place, dot) for place, dot in enumerate(series.dots) if _is_there(dot)]
    figure.add_scatter(
        x=[dot.value for _, dot in there],
        y=[place + offset for place, _ in there],
        xaxis=axis,
        yaxis="y",
        mode="markers",
        name=html.escape(series.name),
        marker={
            "color": series.colour,
            "symbol": series.symbol,
            "size": 10,
            "line": {"width": 2, "color": series.colour},
        },
        error_x={
            "type": "data",
            "symmetric": False,
            "array": [_reach(dot.high - dot.value) for _, dot in there],
            "arrayminus": [_reach(dot.value - dot.low) for _, dot in there],
            "thickness": 1.5,
            "width": 4,
            "color": series.colour,
        },
        customdata=[[cells[place].key, _hover(cells[place], series, dot)] for place, dot in there],
        hovertemplate="%{customdata[1]}<extra></extra>",
    )


def _percent(interval: Interval | None) -> Dot:
    if interval is None:
        return Dot(math.nan, math.nan, math.nan)
    return Dot(100 * interval.estimate, 100 * interval.low, 100 * interval.high)


def _cost(cell: CellFacts) -> Dot:
    change = cell.view.clip_change
    if change is None or math.isnan(cell.clip_change):
        return Dot(math.nan, math.nan, math.nan)
    return Dot(100 * change.difference, 100 * change.low, 100 * change.high)


def _dots(panel: Panel) -> list[Dot]:
    return [dot for series in panel.series for dot in series.dots]


def _is_there(dot: Dot) -> bool:
    return not math.isnan(dot.value)


def _reach(length: float) -> float:
    return 0.0 if math.isnan(length) else max(0.0, length)


def _hover(cell: CellFacts, series: Series, dot: Dot) -> str:
    return f"<b>{html.escape(cell.title)}</b><br>{html.escape(series.name)}<br>{decimal(dot.value)} ({bounds(dot.low, dot.high)})"


def _short(title: str) -> str:
    return title if len(title) <= LONGEST_NAME else f"{title[: LONGEST_NAME - 1]}…"
