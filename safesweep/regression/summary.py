"""A night in Markdown."""

from safesweep.regression.comparison import Comparison
from safesweep.regression.comparison_text import markdown
from safesweep.regression.nights import Night, NightMeasure
from safesweep.regression.watched import WATCHED
from safesweep.reports.markdown_table import code, escape, table_lines
from safesweep.reports.text import DASH, decimal, significant


def summary_markdown(
    night: Night,
    against_reference: Comparison | None,
    against_last_good: Comparison | None,
    *,
    banner: str | None = None,
) -> str:
    """The night's verdict and why, its measures, the canary, and the comparisons behind it."""
    lines = [f"## {escape(night.suite)} {night.date}: {night.verdict}", ""]
    if banner:
        lines += [f"> {escape(banner)}", ""]
    if night.finding is not night.verdict:
        lines += [f"Tonight by itself: {night.finding}; the first of several bad nights only warns.", ""]
    if night.paged:
        lines += [f"**Paged.** {escape(night.page_error or '')}".rstrip(), ""]
    lines += [f"- {escape(reason)}" for reason in night.reasons] or ["- all within the policy"]
    refused = f", {night.refused} were refused" if night.refused else ""
    lines += [
        "",
        f"Run {code(night.run_id)}: {night.held} of {night.expected} trials, {night.unscored} could not be made{refused}, "
        f"{night.seconds:.0f} s. "
        f"Compared with {code(night.reference or 'nothing')}; last good night {code(night.last_good or 'none')}.",
        "",
        *table_lines(
            ("measure", "cell", "value", "95 % interval", "allowed", "verdict"), [_row(row) for row in night.measures]
        ),
        "",
        *_trends(night),
        _canary(night),
        "",
    ]
    text = "\n".join(lines)
    for comparison in (against_reference, against_last_good):
        if comparison is not None:
            text += "\n" + markdown(comparison)
    return text


def _trends(night: Night) -> list[str]:
    if not night.trends:
        return []
    rows = []
    for line in night.trends:
        measure = WATCHED[line.measure]
        numbers = (line.slope, line.rise, line.detectable)
        shown = [decimal(None if number is None else number * measure.factor, 2) for number in numbers]
        name = f"{line.measure} [{measure.unit}]{'' if line.level == 'critical' else ' (advisory)'}"
        verdict = f"{line.verdict}: {line.reason}"
        rows.append((name, line.series, str(line.nights), *shown, significant(line.p_adjusted, 3), verdict))
    headers = ("trend", "cell", "nights", "a night", "together", "detectable", "p (Holm)", "verdict")
    return [*table_lines(headers, [tuple(map(escape, row)) for row in rows]), ""]


def _canary(night: Night) -> str:
    if night.canary is None:
        return "Canary: not drawn."
    if night.drift is None:
        return "Canary: drawn; there is no earlier one to compare it with."
    changed = f" Changed on record: {'; '.join(night.drift.changed)}." if night.drift.changed else ""
    return f"Canary: drift **{night.drift.kind}**: {escape(f'{night.drift.sentence}.{changed}')}"


def _row(row: NightMeasure) -> tuple[str, ...]:
    measure = WATCHED[row.measure]

    def shown(value: float | None) -> str:
        return decimal(None if value is None else value * measure.factor, 2)

    level = "" if row.level == "critical" else " (advisory)"
    allowed = f"{shown(row.lowest)} to {shown(row.highest)}" if row.verdict else DASH
    verdict = f"{row.verdict}: {row.reason}" if row.verdict else "not compared"
    ends = f"{shown(row.low)} to {shown(row.high)}"
    boxes = (f"{row.measure} [{measure.unit}]{level}", row.cell, shown(row.value), ends, allowed, verdict)
    return tuple(map(escape, boxes))
