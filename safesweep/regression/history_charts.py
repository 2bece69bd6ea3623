"""Each measure of each cell over the nights, as charts."""

import json
from collections.abc import Sequence
from typing import Any, NamedTuple

from safesweep.regression.nights import Night, NightMeasure
from safesweep.regression.watched import WATCHED, WatchedMeasure
from safesweep.reports.figure import bare_figure
from safesweep.reports.text import bounds, decimal

HEIGHT = 230
"""Of a chart, pixels."""
DATES = 10
"""At most so many dates are written under a chart."""
STYLES = {
    "PASS": ("circle", "#2da44e"),
    "WARN": ("triangle-up", "#bf8700"),
    "BLOCK": ("square", "#d1242f"),
    "INCONCLUSIVE": ("diamond", "#8250df"),
    "none": ("circle-open", "#8b949e"),
}
"""Verdict -> symbol and colour, readable on a light and on a dark ground."""
LIMIT = "#8b949e"


class Chart(NamedTuple):
    """One measure of one cell over the nights."""

    anchor: str
    title: str
    unit: str
    level: str
    words: str
    """What is to be seen, for those who cannot."""
    figure: dict[str, Any]
    """plotly's, as plain data: first the nights' values with their intervals, then what the gate allowed."""


def history_charts(nights: Sequence[Night]) -> list[Chart]:
    """One chart for each measure and series that any of the nights has; the nights in the order of their dates."""
    series = dict.fromkeys((row.measure, row.series, row.level) for night in nights for row in night.measures)
    return [history_chart(nights, *key) for key in series]


def history_chart(nights: Sequence[Night], measure_name: str, series: str, level: str) -> Chart:
    """Lays one measure out; a night without a value leaves a gap."""
    measure = WATCHED[measure_name]
    rows = [(place, night, _row(night, measure_name, series)) for place, night in enumerate(nights)]
    shown = [(place, night, row) for place, night, row in rows if row is not None and row.value is not None]
    words = [_words(night, row, measure) for _, night, row in shown]
    styles = [STYLES[row.verdict or "none"] for *_, row in shown]
    values = [(row.value or 0.0) * measure.factor for *_, row in shown]
    figure = bare_figure("", measure.unit, HEIGHT)
    figure.add_scatter(
        x=[place for place, *_ in shown],
        y=values,
        error_y={
            "type": "data",
            "symmetric": False,
            "array": [_reach(row.high, row, measure) for *_, row in shown],
            "arrayminus": [_reach(row.low, row, measure) for *_, row in shown],
            "thickness": 1,
            "width": 3,
            "color": LIMIT,
        },
        mode="markers",
        cliponaxis=False,
        marker={"symbol": [symbol for symbol, _ in styles], "color": [colour for _, colour in styles], "size": 11},
        customdata=[[night.run_id, said] for (_, night, _), said in zip(shown, words, strict=True)],
        hovertemplate="%{customdata[1]}<extra></extra>",
    )
    limits = [
        (place, limit * measure.factor)
        for place, _, row in shown
        for limit in (row.lowest, row.highest)
        if limit is not None
    ]
    figure.add_scatter(
        x=[place for place, _ in limits],
        y=[limit for _, limit in limits],
        mode="markers",
        marker={"symbol": "line-ew-open", "size": 24, "color": LIMIT, "line": {"width": 2}},
        hoverinfo="skip",
    )
    every = -(-len(nights) // DATES) or 1
    dated = range(0, len(nights), every)
    figure.update_xaxes(
        tickvals=list(dated),
        ticktext=[nights[place].date.strftime("%d %b") for place in dated],
        range=[-0.5, len(nights) - 0.5],
        showgrid=False,
    )
    figure.update_yaxes(rangemode="tozero" if measure.unit == "%" else "normal", nticks=5)
    figure.update_layout(showlegend=False)
    return Chart(
        anchor=f"{measure_name}-{series}".replace(" ", "_"),
        title=f"{measure.title}, {series}",
        unit=measure.unit,
        level=level,
        words="; ".join(words) or "no values",
        figure=json.loads(figure.to_json()),
    )


def _row(night: Night, measure: str, series: str) -> NightMeasure | None:
    return next((row for row in night.measures if row.measure == measure and row.series == series), None)


def _reach(end: float | None, row: NightMeasure, measure: WatchedMeasure) -> float:
    """From the value to an end of its interval; 0, and so no bar, where there is none."""
    return 0.0 if end is None or row.value is None else abs(end - row.value) * measure.factor


def _words(night: Night, row: NightMeasure, measure: WatchedMeasure) -> str:
    value = decimal((row.value or 0.0) * measure.factor, 2)
    interval = (
        ""
        if row.low is None or row.high is None
        else f" ({bounds(row.low * measure.factor, row.high * measure.factor, 2)})"
    )
    return f"{night.date}: {value}{interval}, {row.verdict or 'not compared'}"
