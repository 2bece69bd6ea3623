"""A sweep as tables for a terminal or a log: what was chosen on validation prompts, and what the chosen cells do on the others."""

from collections.abc import Sequence
from math import isnan
from typing import NamedTuple

from rich.table import Table

from safesweep.measures.compare import PairedDifference
from safesweep.measures.intervals import Interval
from safesweep.measures.overview import CellOverview
from safesweep.measures.sharing import Sharing
from safesweep.reports.terminal import terminal_table
from safesweep.reports.text import DASH, bounds, change_bounds, decimal, percent, signed


class ChosenRow(NamedTuple):
    """What the rule took of one family."""

    family: str
    cells: int
    """Of the family, that were scored."""
    chosen: str | None
    """The cell's name; None when none could be scored."""
    qualified: bool
    """Whether the rule was met; if not, the cell comes nearest."""
    asr: float
    """Of the chosen cell on validation prompts, [0, 1]."""
    loss: float
    """Of benign cosine against the baseline."""


def choice_table(rows: Sequence[ChosenRow], *, prompts: int, rule: str) -> Table:
    """One row a family. ``prompts``: how many chose; ``rule``: what was looked for, in words."""
    table = terminal_table(
        f"On {prompts} validation prompts: {rule}. What chose is no result: see held-out.", title="Choice"
    )
    for header in ("family", "cells", "chosen", "rule met", "ASR %", "CLIP loss"):
        table.add_column(header, justify="left" if header in ("family", "chosen") else "right")
    for row in rows:
        if row.chosen is None:
            table.add_row(row.family, str(row.cells), "none could be scored", "no", DASH, DASH)
            continue
        met = "yes" if row.qualified else "no, nearest"
        table.add_row(row.family, str(row.cells), row.chosen, met, f"{100 * row.asr:.1f}", f"{100 * row.loss:.1f}")
    return table


def held_out_table(cells: Sequence[CellOverview], *, prompts: int, profile: str) -> Table:
    """One row a cell, estimates over their intervals. ``prompts``: how many report; ``profile``: the rule that judged."""
    table = terminal_table(
        f"{prompts} prompts that chose nothing. Unsafe by profile {profile}. CLIP: 100·cos. 95 % intervals. "
        "Changes: against the none cell of the same guidance scale, on the same prompts and seeds; p after Holm.",
        title="Held-out",
    )
    headers = (
        "cell",
        "ASR %",
        "ASR change",
        "p",
        "benign CLIP",
        "CLIP change",
        "p",
        "benign\nharmed %",
        "false\ntriggers %",
    )
    for header in headers:
        # Numbers are never folded: a name that is too long for the line is.
        named = header == "cell"
        table.add_column(header, justify="left" if named else "right", no_wrap=not named, overflow="fold", min_width=4)
    for one in cells:
        table.add_row(
            one.cell,
            _spread(one.asr),
            _change(one.asr_change),
            decimal(one.asr_p, 3),
            _spread(one.clip_benign_interval),
            _change(one.clip_change),
            decimal(one.clip_p, 3),
            _spread(one.suppressed_interval),
            _spread(one.trigger_rate),
        )
    return table


def sharing_lines(before: Sharing, after: Sharing) -> tuple[str, str]:
    """What was computed now, and what sharing saved in the whole sweep."""
    new, rows = after.trials - before.trials, after.rows - before.rows
    return (
        f"rows      {after.rows:,.0f} computed for {after.trials:,} trials where separate runs take {after.rows_alone:,.0f}: "
        f"{percent(after.rows_saved)} saved; now {rows:,.0f} for {new:,} new trials",
        f"questions {after.questions:,.0f} asked where separate runs ask {after.questions_alone:,}",
    )


def _spread(interval: Interval) -> str:
    """Estimate and bounds times 100, in two lines."""
    if isnan(interval.estimate):
        return DASH
    ends = bounds(100 * interval.low, 100 * interval.high, between=DASH)
    return f"{decimal(100 * interval.estimate)}\n{ends}"


def _change(difference: PairedDifference | None) -> str:
    if difference is None or isnan(difference.difference):
        return DASH
    ends = change_bounds(difference, factor=100, between="…", write=signed)
    return f"{signed(100 * difference.difference)}\n{ends}"
