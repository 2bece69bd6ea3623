"""The report's charts."""

import html
import json
import math
from collections.abc import Sequence
from typing import Any

import plotly.graph_objects as go

from safesweep.measures.intervals import Interval
from safesweep.measures.outcomes import StepAnswers
from safesweep.measures.overview import CellOverview
from safesweep.measures.pareto import ParetoPoint
from safesweep.reports.facts import CellFacts, Front, GroupFacts, RunFacts
from safesweep.reports.figure import bare_figure
from safesweep.reports.lead_chart import lead_chart
from safesweep.reports.text import bounds, decimal, probability

COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#8C6D31", "#7F7F7F")
"""Told apart by colour-blind readers (Okabe and Ito 2008, without the yellow, which fails on white, and the black)."""
SYMBOLS = ("circle", "square", "diamond", "triangle-up", "triangle-down", "cross", "star", "hexagon")
PLACES = ("top right", "bottom right", "top left", "bottom left")
"""Of labels in turn: cells of one method are often near one another."""
MOST_ANNOTATED = 200
"""Squares of a heat map up to which each has its number written in it."""


def make_charts(facts: RunFacts) -> dict[str, dict[str, Any]]:
    """Chart id -> plotly figure as plain data. Charts of which no number exists are left out."""
    charts = {f"front-{index}": front_chart(facts.cells, front) for index, front in enumerate(facts.fronts)}
    charts["lead"] = lead_chart(facts)
    hazards = [fact for fact in facts.categories if not fact.benign]
    charts["category-rates"] = category_chart(facts.cells, hazards)
    charts["answers-by-step"] = answers_chart(facts.answers, facts.keys, facts.titles)
    return {name: json.loads(figure.to_json()) for name, figure in charts.items() if figure is not None}


def front_chart(cells: Sequence[CellFacts], front: Front) -> go.Figure | None:
    """ASR (less is better) against benign CLIP (more is better), intervals as bars, and the line of the front.

    A marker's size is the probability that its cell is on the front. None without a cell that has both numbers.
    """
    shown = [cell for cell in cells if cell.key in front.points and _has_place(front.points[cell.key].point)]
    if not shown:
        return None
    figure = bare_figure(
        "attack success rate, %  (← safer)", "CLIP on benign prompts, 100·cos  (↑ closer to the prompt)"
    )
    best = sorted(
        (front.points[cell.key].point for cell in shown if front.points[cell.key].point.on_front),
        key=lambda point: (point.attack_success, point.cosine),
    )
    figure.add_scatter(
        x=[100 * point.attack_success for point in best],
        y=[100 * point.cosine for point in best],
        mode="lines",
        line={"shape": "hv", "width": 1.5, "dash": "dot", "color": "#888888"},
        name="front",
        hoverinfo="skip",
    )
    methods = list(dict.fromkeys(cell.summary.method for cell in cells))
    for style, method in enumerate(methods):
        members = [cell for cell in shown if cell.summary.method == method]
        views = [front.points[cell.key] for cell in members]
        figure.add_scatter(
            x=[100 * view.point.attack_success for view in views],
            y=[100 * view.point.cosine for view in views],
            error_x=_bars([view.asr for view in views]),
            error_y=_bars([view.clip_benign_interval for view in views]),
            mode="markers+text",
            marker={
                "size": [9 + 9 * _zero(view.point.probability) for view in views],
                "color": COLOURS[style % len(COLOURS)],
                "symbol": SYMBOLS[style % len(SYMBOLS)],
                "opacity": [0.45 + 0.55 * _zero(view.point.probability) for view in views],
                "line": {"width": 1, "color": "#666666"},
            },
            text=[_short(cell) for cell in members],
            textposition=[PLACES[index % len(PLACES)] for index in range(len(members))],
            textfont={"size": 11},
            name=html.escape(method),
            customdata=[[cell.key, _hover(cell, view)] for cell, view in zip(members, views, strict=True)],
            hovertemplate="%{customdata[1]}<extra></extra>",
        )
    return figure


def category_chart(cells: Sequence[CellFacts], facts: Sequence[GroupFacts]) -> go.Figure | None:
    """Attack success rate by category and cell, as a heat map; None without categories."""
    groups = list(dict.fromkeys(fact.group for fact in facts))
    if not groups:
        return None
    found = {(fact.group, fact.cell): fact for fact in facts}
    columns = [[found.get((group, cell.key)) for cell in cells] for group in groups]
    numbers = [[_percent_or_none(fact) for fact in row] for row in columns]
    hovers = [
        [_group_hover(cell.title, group, fact) for cell, fact in zip(cells, row, strict=True)]
        for group, row in zip(groups, columns, strict=True)
    ]
    labelled = len(groups) * len(cells) <= MOST_ANNOTATED
    figure = bare_figure("", "")
    figure.add_heatmap(
        # Labels may repeat once escaped or shortened; numbers as positions cannot.
        x=list(range(len(cells))),
        y=list(range(len(groups))),
        z=numbers,
        zmin=0,
        zmax=100,
        colorscale=[[0, "#F3EFE6"], [0.5, "#E8964A"], [1, "#8E1B1B"]],
        xgap=2,
        ygap=2,
        texttemplate="%{z:.0f}" if labelled else None,
        customdata=[[[cell.key, hover] for cell, hover in zip(cells, row, strict=True)] for row in hovers],
        hovertemplate="%{customdata[1]}<extra></extra>",
        colorbar={"title": {"text": "ASR, %"}, "thickness": 12},
    )
    names = [html.escape(cell.title) for cell in cells]
    figure.update_xaxes(tickvals=list(range(len(cells))), ticktext=names, tickangle=-35, showgrid=False)
    figure.update_yaxes(
        tickvals=list(range(len(groups))), ticktext=[html.escape(group) for group in groups], showgrid=False,
        autorange="reversed",
    )  # fmt: skip
    figure.update_layout(height=180 + 34 * len(groups), margin={"l": 10, "r": 10, "t": 10, "b": 10})
    return figure


def answers_chart(
    answers: Sequence[StepAnswers], keys: dict[tuple[str, str], str], titles: dict[str, str]
) -> go.Figure | None:
    """Share of questions in whose answer the VLM named a harm, by step; None when nothing was asked."""
    if not answers:
        return None
    figure = bare_figure("denoising step", "answers that name a harm, %")
    for place, name in enumerate(dict.fromkeys((row.method, row.cell) for row in answers)):
        for benign in (False, True):
            rows = [row for row in answers if (row.method, row.cell) == name and row.benign == benign]
            if not rows:
                continue
            figure.add_scatter(
                x=[row.step for row in rows],
                y=[100 * row.named / row.asked for row in rows],
                mode="lines+markers",
                line={"color": COLOURS[place % len(COLOURS)], "dash": "dot" if benign else "solid"},
                marker={"symbol": "circle-open" if benign else "circle", "size": 7},
                name=f"{html.escape(titles[keys[name]])}, {'benign' if benign else 'hazard'} prompts",
                customdata=[[f"{row.named} of {row.asked} answers at step {row.step}"] for row in rows],
                hovertemplate="%{y:.1f} %<br>%{customdata[0]}",
            )
    figure.update_yaxes(rangemode="tozero")
    return figure


def _bars(intervals: Sequence[Interval]) -> dict[str, Any]:
    """Bars from the estimate to the bounds, x 100; no bar where the data say nothing about the spread."""
    return {
        "type": "data",
        "symmetric": False,
        "array": [100 * _zero(max(0.0, i.high - i.estimate)) for i in intervals],
        "arrayminus": [100 * _zero(max(0.0, i.estimate - i.low)) for i in intervals],
        "thickness": 1,
        "width": 3,
    }


def _hover(cell: CellFacts, view: CellOverview) -> str:
    asr, cosine = view.asr, view.clip_benign_interval
    return "<br>".join(
        [
            f"<b>{html.escape(cell.title)}</b>",
            f"ASR {decimal(100 * asr.estimate)} % ({bounds(100 * asr.low, 100 * asr.high)})",
            f"benign CLIP {decimal(100 * cosine.estimate)} ({bounds(100 * cosine.low, 100 * cosine.high)})",
            f"on the front with probability {probability(view.point.probability)}",
        ]
    )


def _group_hover(title: str, group: str, fact: GroupFacts | None) -> str:
    head = f"<b>{html.escape(group)}</b><br>{html.escape(title)}"
    if fact is None:
        return f"{head}<br>no trials"
    low, high = 100 * fact.unsafe.low, 100 * fact.unsafe.high
    return f"{head}<br>ASR {decimal(100 * fact.unsafe.estimate)} % ({bounds(low, high)})<br>{fact.prompts} prompts"


def _percent_or_none(fact: GroupFacts | None) -> float | None:
    return None if fact is None or math.isnan(fact.unsafe.estimate) else 100 * fact.unsafe.estimate


def _short(cell: CellFacts) -> str:
    return html.escape(cell.title.removeprefix(cell.summary.method).strip() or cell.title)


def _has_place(point: ParetoPoint) -> bool:
    return not (math.isnan(point.attack_success) or math.isnan(point.cosine))


def _zero(number: float) -> float:
    return 0.0 if math.isnan(number) else number
