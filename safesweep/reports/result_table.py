"""What a run found, as a table for people and as rows for programs: one row a (method, cell)."""

import math
import re
from collections.abc import Sequence

from rich import box
from rich.table import Table
from rich.text import Text

from safesweep.measures.intervals import Interval
from safesweep.measures.summary import CellSummary

NAN = float("nan")
DASH = "–"
"""Stands for a number that does not exist; 0 would be a result."""
BASELINE = "none"

KINDS = {
    "wilson": "Wilson's, one picture a prompt",
    "bootstrap": "a bootstrap over prompts",
    "wilson over clusters": "Wilson's, each prompt counted once",
    "none": "none, too few prompts scored",
}
MARKS = ("*", "†", "‡", "§")
"""Tell the kinds of intervals apart where one table holds several."""

DIGEST = re.compile(r"sha256:[0-9a-f]{64}")
DIGITS = 12
"""Of a digest that are shown."""


def result_table(summaries: Sequence[CellSummary], *, profile: str, banner: str | None) -> Table:
    """Lay out a run's cells for a terminal or a log, legible from 100 columns on.

    A row has two lines: the method, its trials and rates; under them the cell's settings, the unscored trials and the
    rates' intervals. Rates are in percent; CLIP is the mean raw cosine x 100, and its change is against the `none` cell
    (see `clip_changes`). NaN is shown as a dash. The caption names the profile, the CLIP model and the interval.

    Args:
        summaries: one a row, in the order to show.
        profile: name of the rule that judged the pictures.
        banner: a line to stand above the table, or None.
    """
    table = Table(
        title=None if banner is None else Text(banner, style="bold yellow"),
        caption=Text(_caption(summaries, profile)),
        title_justify="left",
        caption_justify="left",
        caption_style="dim",
        box=box.SIMPLE_HEAD,
        padding=(0, 1, 0, 0),
        pad_edge=False,
        leading=1,
        header_style="bold",
    )
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
        "VLM\nasked\na pic.",
        "comp.\ns a\npic.",
    ):
        table.add_column(header, justify="right", no_wrap=True)
    kinds = _kinds(summaries)
    for cell, change in zip(summaries, clip_changes(summaries), strict=True):
        table.add_row(
            Text.assemble((cell.method, "bold"), "\n", (" ".join(_settings(cell)) or " ", "dim"), overflow="fold"),
            Text.assemble(f"{cell.trials:,}\n", (f"{cell.unscored:,}", "bold yellow" if cell.unscored else "dim")),
            _rate(cell.asr, kinds, "bold"),
            _rate(cell.benign_unsafe, kinds, ""),
            _decimal(100 * cell.toxic_rate),
            _decimal(100 * cell.clip_hazard),
            _decimal(100 * cell.clip_benign),
            _decimal(change, sign=True),
            Text.assemble(f"{cell.questions:,}\n", (_decimal(cell.questions_a_picture), "dim")),
            _seconds(cell.compute_seconds_a_picture),
        )
    return table


def plain_rows(
    summaries: Sequence[CellSummary], *, profile: str, banner: str | None = None
) -> list[dict[str, str | int | float | None]]:
    """Return the table's numbers at full precision, ready for JSON, CSV or a data frame.

    Rates are in [0, 1], CLIP is 100·cos, the change is in percent. A number that does not exist is None, for JSON
    has no NaN. Each row carries the profile and the banner, so that it means the same wherever it is copied to.
    """
    rows = []
    for cell, change in zip(summaries, clip_changes(summaries), strict=True):
        numbers = {
            "asr": cell.asr.estimate,
            "asr_low": cell.asr.low,
            "asr_high": cell.asr.high,
            "benign_unsafe": cell.benign_unsafe.estimate,
            "benign_unsafe_low": cell.benign_unsafe.low,
            "benign_unsafe_high": cell.benign_unsafe.high,
            "toxic_rate": cell.toxic_rate,
            "clip_hazard": 100 * cell.clip_hazard,
            "clip_benign": 100 * cell.clip_benign,
            "clip_benign_change_percent": change,
            "questions_a_picture": cell.questions_a_picture,
            "benign_trigger_rate": cell.benign_trigger_rate,
            "compute_seconds_a_picture": cell.compute_seconds_a_picture,
        }
        row: dict[str, str | int | float | None] = {
            "method": cell.method,
            "cell": cell.cell,
            "trials": cell.trials,
            "unscored": cell.unscored,
            "questions": cell.questions,
            **{name: None if math.isnan(number) else number for name, number in numbers.items()},
            "asr_interval": cell.asr.kind,
            "benign_unsafe_interval": cell.benign_unsafe.kind,
            "confidence": cell.asr.confidence,
            "clip_models": ", ".join(cell.clip_models),
            "profile": profile,
            "banner": banner,
        }
        rows.append(row)
    return rows


def clip_changes(summaries: Sequence[CellSummary]) -> list[float]:
    """Return each cell's change of the mean benign CLIP cosine against its `none` cell, in percent.

    `baseline_of` says which one. NaN without it, without scores, or when two CLIP models measured them, whose scales
    differ.
    """
    return [_change(cell, baseline_of(cell, summaries)) for cell in summaries]


def baseline_of(cell: CellSummary, summaries: Sequence[CellSummary]) -> CellSummary | None:
    """Return the `none` cell that a cell is compared with.

    With several of them, the one whose settings (the words of its name, such as "g=4") the cell shares; None when there
    is no such cell.
    """
    baselines = [other for other in summaries if other.method == BASELINE]
    if len(baselines) == 1:
        return baselines[0]
    near = [other for other in baselines if set(_settings(other)) <= set(_settings(cell))]
    return near[0] if len(near) == 1 else None


def _change(cell: CellSummary, baseline: CellSummary | None) -> float:
    if baseline is None or len(cell.clip_models) != 1 or cell.clip_models != baseline.clip_models:
        return NAN
    # A mean that is not positive has no percentages.
    return 100 * (cell.clip_benign / baseline.clip_benign - 1) if baseline.clip_benign > 0 else NAN


def _settings(cell: CellSummary) -> list[str]:
    return cell.cell.removeprefix(cell.method).split()


def _kinds(summaries: Sequence[CellSummary]) -> dict[str, str]:
    """Kind of interval -> its mark; no marks where there is one kind only."""
    found = {interval.kind for cell in summaries for interval in (cell.asr, cell.benign_unsafe)}
    drawn = [kind for kind in KINDS if kind in found and kind != "none"]
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
    kinds = "; ".join(f"{KINDS[kind]}{f' ({mark})' if mark else ''}" for kind, mark in _kinds(summaries).items())
    models = sorted({model for cell in summaries for model in cell.clip_models})
    clip = f"CLIP (100·cos): {', '.join(map(_readable, models)) or 'not measured'}"
    if len(models) > 1:
        clip += " (their scales differ: do not compare across models)"
    return (
        f"Unsafe by profile {profile}. ASR and toxic rate: hazard prompts. {DASH}: nothing to count.\n"
        f"{_confidence(summaries)}s: {kinds or KINDS['none']}.\n"
        f"{clip}. Benign change: of CLIP against the {BASELINE} cell.\n"
        "VLM asked: questions recorded with the trials; one that several trials shared counts in each."
    )


def _rate(interval: Interval, kinds: dict[str, str], style: str) -> Text:
    # One decimal of percent under each other; the mark is padded so that the digits stay aligned.
    bounds = DASH if math.isnan(interval.low) else f"{100 * interval.low:.1f}{DASH}{100 * interval.high:.1f}"
    mark = kinds.get(interval.kind, "")
    pad = " " if any(kinds.values()) else ""
    return Text.assemble((f"{_decimal(100 * interval.estimate)}{pad}\n", style), (f"{bounds}{mark or pad}", "dim"))


def _decimal(value: float, *, sign: bool = False) -> str:
    if math.isnan(value):
        return DASH
    rounded = round(value, 1) + 0.0  # Adding 0.0 turns -0.0 into 0.0.
    return f"{rounded:+.1f}" if sign and rounded else f"{rounded:.1f}"


def _seconds(value: float) -> str:
    if math.isnan(value):
        return DASH
    return f"{value:.0f}" if value >= 100 else f"{value:.1f}" if value >= 10 else f"{value:.2g}"
