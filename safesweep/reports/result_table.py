"""What a run found, as a table for a terminal or a log: one row a (method, cell)."""

import re
from collections.abc import Sequence

from rich.table import Table
from rich.text import Text

from safesweep.measures.intervals import Interval
from safesweep.measures.summary import CellSummary
from safesweep.reports.distilled import distilled_notes
from safesweep.reports.none_cell import BASELINE, cell_words, clip_changes
from safesweep.reports.terminal import terminal_table
from safesweep.reports.text import DASH, INTERVAL_KINDS, bounds, decimal, seconds

MARKS = ("*", "†", "‡", "§")
"""Tell the kinds of intervals apart where one table holds several."""

DIGEST = re.compile(r"sha256:[0-9a-f]{64}")
COSTS = ("VLM\nasked\na pic.", "comp.\ns a\npic.")
REFUSALS = ("refused\n%\ninterval", "over-\nrefused\n%")
DIGITS = 12
"""Of a digest that are shown."""


def result_table(summaries: Sequence[CellSummary], *, profile: str, banner: str | None) -> Table:
    """Lay out a run's cells for a terminal or a log, legible from 100 columns on.

    A row has two lines: the method, its trials and rates; under them the cell's settings, the unscored trials and the
    rates' intervals. Where a service refused trials, refusal rates stand in the place of what only a model of one's own costs.
    Rates are in percent; CLIP is the mean raw cosine x 100, and its change is against the `none` cell (see `clip_changes`).
    NaN is shown as a dash. The caption names the profile, the CLIP model and the interval.

    Args:
        summaries: one a row, in the order to show.
        profile: name of the rule that judged the pictures.
        banner: a line to stand above the table, or None.
    """
    table = terminal_table(
        _caption(summaries, profile), banner=banner, padding=(0, 1, 0, 0), leading=1, header_style="bold"
    )
    refusing = any(cell.refused for cell in summaries)
    # Numbers are never folded: a name that is too long for the line is.
    table.add_column("method\ncell", min_width=min(16, max((len(cell.method) for cell in summaries), default=0)))
    for header in (
        "trials\nun-\nscored",
        "ASR %\ninterval",
        "benign\nunsafe %\ninterval",
        "toxic\nrate\n%",
        "CLIP\non\nhazard",
        "CLIP\non\nbenign",
        "benign\nchange\n%",
        *(REFUSALS if refusing else COSTS),
    ):
        table.add_column(header, justify="right", no_wrap=True)
    kinds = _kinds(summaries)
    for cell, change in zip(summaries, clip_changes(summaries), strict=True):
        table.add_row(
            Text.assemble((cell.method, "bold"), "\n", (" ".join(cell_words(cell)) or " ", "dim"), overflow="fold"),
            Text.assemble(f"{cell.trials:,}\n", (f"{cell.unscored:,}", "bold yellow" if cell.unscored else "dim")),
            _rate(cell.asr, kinds, "bold"),
            _rate(cell.benign_unsafe, kinds, ""),
            decimal(100 * cell.toxic_rate),
            decimal(100 * cell.clip_hazard),
            decimal(100 * cell.clip_benign),
            decimal(change, sign=True),
            *(_refusals(cell, kinds) if refusing else _costs(cell)),
        )
    return table


def _refusals(cell: CellSummary, kinds: dict[str, str]) -> tuple[Text, ...]:
    return _rate(cell.refusal, kinds, "bold"), _rate(cell.over_refusal, kinds, "")


def _costs(cell: CellSummary) -> tuple[Text, ...]:
    asked = Text.assemble(f"{cell.questions:,}\n", (decimal(cell.questions_a_picture), "dim"))
    return asked, Text(seconds(cell.compute_seconds_a_picture))


def _kinds(summaries: Sequence[CellSummary]) -> dict[str, str]:
    """Kind of interval -> its mark; no marks where there is one kind only."""
    found = {interval.kind for cell in summaries for interval in (cell.asr, cell.benign_unsafe)}
    if any(cell.refused for cell in summaries):
        found |= {interval.kind for cell in summaries for interval in (cell.refusal, cell.over_refusal)}
    drawn = [kind for kind in INTERVAL_KINDS if kind in found and kind != "none"]
    return {kind: mark if len(drawn) > 1 else "" for kind, mark in zip(drawn, MARKS, strict=False)}


def _confidence(summaries: Sequence[CellSummary]) -> str:
    levels = sorted({100 * cell.asr.confidence for cell in summaries})
    return " / ".join(f"{level:g} %" for level in levels) + " interval" if levels else "interval"


def _readable(model: str) -> str:
    """A model's name with the first digits of its weights' digest; the lake has the whole of it."""
    return DIGEST.sub(lambda found: found[0][: len("sha256:") + DIGITS], model)


def _caption(summaries: Sequence[CellSummary], profile: str) -> str:
    if not summaries:
        return f"Unsafe by profile {profile}. The run has no trials yet."
    marked = {INTERVAL_KINDS[kind]: mark for kind, mark in _kinds(summaries).items()}
    kinds = "; ".join(f"{words} ({mark})" if mark else words for words, mark in marked.items())
    models = sorted({model for cell in summaries for model in cell.clip_models})
    clip = f"CLIP (100·cos): {', '.join(map(_readable, models)) or 'not measured'}"
    if len(models) > 1:
        clip += " (their scales differ: do not compare across models)"
    return (
        f"Unsafe by profile {profile}. ASR and toxic rate: hazard prompts. {DASH}: nothing to count.\n"
        f"{_confidence(summaries)}s: {kinds or INTERVAL_KINDS['none']}.\n"
        f"{clip}. Benign change: of CLIP against the {BASELINE} cell.\n"
        + (_ASKED if not any(cell.refused for cell in summaries) else _REFUSED)
        + "".join(f"\n{note}" for note in distilled_notes([cell.cell for cell in summaries]))
    )


_ASKED = "VLM asked: questions recorded with the trials; one that several trials shared counts in each."
_REFUSED = (
    "Refused: of answered trials of hazard prompts, over-refused of benign ones; answered is drawn or refused. A refused trial is "
    "neither safe nor unscored, and in no other rate."
)


def _rate(interval: Interval, kinds: dict[str, str], style: str) -> Text:
    # One decimal of percent under each other; the mark is padded so that the digits stay aligned.
    ends = bounds(100 * interval.low, 100 * interval.high, between=DASH)
    mark = kinds.get(interval.kind, "")
    pad = " " if any(kinds.values()) else ""
    return Text.assemble((f"{decimal(100 * interval.estimate)}{pad}\n", style), (f"{ends}{mark or pad}", "dim"))
