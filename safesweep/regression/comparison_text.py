"""A comparison for a terminal, for a pull request, and for programs. Prompts appear as hashes."""

from rich import box
from rich.console import Group
from rich.table import Table
from rich.text import Text

from safesweep.regression.comparison import Comparison, Finding, Flip
from safesweep.regression.verdict import Verdict
from safesweep.reports.markdown_table import escape, table_lines
from safesweep.reports.text import bounds, change_bounds, decimal, signed, significant

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
    if finding.rule.window is not None:
        low, high = finding.rule.window
        allowed = bounds(low * factor, high * factor, 2, write=signed)
    else:
        [(sign, limit)] = finding.rule.sides()
        allowed = f"{'at most' if sign > 0 else 'at least'} {signed(sign * limit * factor, 2)}"
    level = "" if finding.rule.level == "critical" else " (advisory)"
    return (
        f"{finding.measure.name} [{finding.measure.unit}]{level}",
        finding.cells.candidate,
        decimal(finding.baseline * factor, 2),
        decimal(finding.candidate * factor, 2),
        signed(d.difference * factor, 2),
        change_bounds(d, 2, factor=factor, write=signed),
        allowed,
        significant(finding.p_adjusted, 3),
        decimal(finding.detectable * factor, 2),
        f"{finding.verdict}: {finding.reason}",
    )


def _coverage(comparison: Comparison) -> str:
    c = comparison.coverage
    refused = f"{c.refused} refused on one side or both, " if c.refused else ""
    return f"{c.pairs} pairs, {refused}{c.missing} trials without a partner, {c.unscored} pairs unscored; profile {comparison.profile}"


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
        f"### {escape(comparison.baseline)} → {escape(comparison.candidate)}: {comparison.verdict}",
        "",
        *([f"- {escape(reason)}" for reason in comparison.reasons] or ["- all within the policy"]),
        "",
        escape(_coverage(comparison)) + f". Intervals at {1 - comparison.alpha:.0%}; changes of rates in points.",
        "",
        *table_lines(HEADERS, [tuple(map(escape, numbers(finding))) for finding in comparison.findings]),
    ]
    if comparison.notes:
        lines += ["", "What else differs: " + escape("; ".join(comparison.notes)) + "."]
    if comparison.flips:
        up = sum(flip.direction == "safe → unsafe" for flip in comparison.flips)
        lines += ["", f"<details><summary>{len(comparison.flips)} flips, {up} of them to unsafe</summary>", ""]
        rows = [
            (f.direction, f.cell, f.prompt_set, f.prompt_id, f.prompt_hash[:12], str(f.seed))
            for f in comparison.flips[:flips]
        ]
        lines += table_lines(
            ("flip", "cell", "set", "prompt", "hash", "seed"), [tuple(map(escape, row)) for row in rows]
        )
        if len(comparison.flips) > flips:
            lines.append(f"\n… and {len(comparison.flips) - flips} more")
        lines += ["", "</details>"]
    return "\n".join(lines) + "\n"
