"""A comparison for a terminal, for a pull request, and for programs. Prompts appear as hashes."""

import math
from collections.abc import Sequence
from typing import Any

from rich import box
from rich.console import Group
from rich.table import Table
from rich.text import Text

from safesweep.regression.comparison import Comparison, Finding, Flip
from safesweep.regression.verdict import Verdict
from safesweep.reports.result_table import DASH

STYLES = {
    Verdict.PASS: "bold green",
    Verdict.WARN: "bold yellow",
    Verdict.BLOCK: "bold red",
    Verdict.INCONCLUSIVE: "bold magenta",
}
HEADERS = ("measure", "cell", "was", "is", "change", "interval", "allowed", "p (Holm)", "detectable", "verdict")
FLIPS_SHOWN = 20


def numbers(finding: Finding) -> tuple[str, ...]:
    """A finding's row under ``HEADERS``: rates in percent, changes in points."""
    factor, d = finding.measure.factor, finding.difference

    def shown(value: float, sign: bool = False) -> str:
        return DASH if math.isnan(value) else f"{value * factor:{'+' if sign else ''}.2f}"

    if finding.rule.window is not None:
        allowed = f"{shown(finding.rule.window[0], True)} to {shown(finding.rule.window[1], True)}"
    else:
        [(sign, limit)] = finding.rule.sides()
        allowed = f"at most {shown(sign * limit, True)}" if sign > 0 else f"at least {shown(sign * limit, True)}"
    interval = DASH if math.isnan(d.low) else f"{shown(d.low, True)} to {shown(d.high, True)}"
    level = "" if finding.rule.level == "critical" else " (advisory)"
    return (
        f"{finding.measure.name} [{finding.measure.unit}]{level}",
        finding.cells.candidate,
        shown(finding.baseline),
        shown(finding.candidate),
        shown(d.difference, True),
        interval,
        allowed,
        DASH if math.isnan(finding.p_adjusted) else f"{finding.p_adjusted:.3g}",
        shown(finding.detectable),
        f"{finding.verdict}: {finding.reason}",
    )


def _coverage(comparison: Comparison) -> str:
    c = comparison.coverage
    return f"{c.pairs} pairs, {c.missing} trials without a partner, {c.unscored} pairs unscored; profile {comparison.profile}"


def render(comparison: Comparison, flips: int = FLIPS_SHOWN) -> Group:
    """For a terminal or a log."""
    table = Table(box=box.SIMPLE_HEAD, padding=(0, 1, 0, 0), pad_edge=False, leading=1)
    for name in ("measure\ncell", "was\nis", "change\ninterval", "allowed\ndetectable", "p\n(Holm)", "verdict"):
        table.add_column(name, justify="left" if name[:7] in ("measure", "verdict") else "right")
    for finding in comparison.findings:
        name, cell, was, now, change, interval, allowed, p_value, detectable, _ = numbers(finding)
        verdict = Text.assemble((str(finding.verdict), STYLES[finding.verdict]), "\n", (finding.reason, "dim"))
        pairs = ((name, cell), (was, now), (change, interval), (allowed, detectable))
        table.add_row(*["\n".join(pair) for pair in pairs], p_value, verdict)
    lines: list[Text] = [
        Text(f"{comparison.baseline}  →  {comparison.candidate}", style="bold"),
        Text(_coverage(comparison)),
    ]
    lines += [Text(f"differs: {note}", style="dim") for note in comparison.notes]
    listed = [Text(_flip_line(flip)) for flip in comparison.flips[:flips]]
    if len(comparison.flips) > len(listed):
        listed.append(Text(f"… and {len(comparison.flips) - len(listed)} more flips"))
    ending = Text.assemble(
        (str(comparison.verdict), STYLES[comparison.verdict]),
        f"  {'; '.join(comparison.reasons) or 'all within the policy'}",
    )
    return Group(*lines, table, *listed, *[Text("")] * bool(listed), ending)


def _flip_line(flip: Flip) -> str:
    return (
        f"{flip.direction}  {flip.cell}  {flip.prompt_set} {flip.prompt_id} ({flip.prompt_hash[:12]}) seed {flip.seed}"
    )


def markdown(comparison: Comparison, flips: int = FLIPS_SHOWN) -> str:
    """For a pull request."""
    lines = [
        f"### {comparison.baseline} → {comparison.candidate}: {comparison.verdict}",
        "",
        *([f"- {reason}" for reason in comparison.reasons] or ["- all within the policy"]),
        "",
        _coverage(comparison) + f". Intervals at {1 - comparison.alpha:.0%}; changes of rates in points.",
        "",
        *table_lines(HEADERS, [numbers(finding) for finding in comparison.findings]),
    ]
    if comparison.notes:
        lines += ["", "What else differs: " + "; ".join(comparison.notes) + "."]
    if comparison.flips:
        up = sum(flip.direction == "safe → unsafe" for flip in comparison.flips)
        lines += ["", f"<details><summary>{len(comparison.flips)} flips, {up} of them to unsafe</summary>", ""]
        rows = [
            (f.direction, f.cell, f.prompt_set, f.prompt_id, f.prompt_hash[:12], str(f.seed))
            for f in comparison.flips[:flips]
        ]
        lines += table_lines(("flip", "cell", "set", "prompt", "hash", "seed"), rows)
        if len(comparison.flips) > flips:
            lines.append(f"\n… and {len(comparison.flips) - flips} more")
        lines += ["", "</details>"]
    return "\n".join(lines) + "\n"


def table_lines(headers: Sequence[str], rows: Sequence[Sequence[str]]) -> list[str]:
    """A Markdown table; bars in cells are escaped."""
    body = ["| " + " | ".join(cell.replace("|", "\\|") for cell in row) + " |" for row in rows]
    return ["| " + " | ".join(headers) + " |", "|" + "---|" * len(headers), *body]


def plain(comparison: Comparison) -> dict[str, Any]:
    """For JSON: every number in the measure's own unit, None where there is none."""

    def number(value: float) -> float | None:
        return None if math.isnan(value) else float(value)

    return {
        "baseline": comparison.baseline,
        "candidate": comparison.candidate,
        "profile": comparison.profile,
        "verdict": str(comparison.verdict),
        "exit_code": comparison.verdict.exit_code,
        "reasons": list(comparison.reasons),
        "coverage": comparison.coverage._asdict(),
        "notes": list(comparison.notes),
        "measures": [
            {
                "measure": f.measure.name,
                "unit": "share" if f.measure.unit == "%" else f.measure.unit,
                "baseline_cell": f.cells.baseline,
                "candidate_cell": f.cells.candidate,
                "level": f.rule.level,
                "baseline": number(f.baseline),
                "candidate": number(f.candidate),
                "difference": number(f.difference.difference),
                "low": number(f.difference.low),
                "high": number(f.difference.high),
                "p": number(f.difference.p_value),
                "p_adjusted": number(f.p_adjusted),
                "detectable": number(f.detectable),
                "pairs": f.difference.pairs,
                "unpaired": f.difference.unpaired,
                "clusters": f.difference.clusters,
                "test": f.difference.test,
                "verdict": str(f.verdict),
                "reason": f.reason,
            }
            for f in comparison.findings
        ],
        "flips": [flip._asdict() for flip in comparison.flips],
    }
