"""A run as Markdown, short enough for a pull request: no picture, no prompt, no answer."""

from itertools import accumulate

from safesweep.reports.facts import RunFacts
from safesweep.reports.markdown_table import code, escape, table_lines
from safesweep.reports.table_parts import Box, Table
from safesweep.reports.tables import all_tables

FOLDED = ("further", "categories", "prompt-sets", "labellers")
"""Tables that are shown on request."""
LONGEST = 60_000
"""Characters, of the 65,536 that a pull request's text or comment may have; what is beyond is left to the HTML report."""
FRAME = 1_200
"""Characters kept free for the head and note of each table."""


def render_markdown(facts: RunFacts, *, page: str | None = None) -> str:
    """Return the run as GitHub-flavoured Markdown.

    Names from configuration and prompt files are escaped: they are never markup, links or mentions.

    Args:
        facts: the run's.
        page: name of the HTML report, to be mentioned; None for none.
    """
    named = ", ".join(f"{escape(cell.title)} ({cell.view.point.probability:.2f})" for cell in facts.on_front)
    lines = [f"## SafeSweep: run {escape(facts.run_id)}", ""]
    if facts.banner:
        lines += [f"> **{escape(facts.banner)}**", ""]
    lines += [f"> ⚠ {escape(note)}" for note in facts.notes] + ([""] if facts.notes else [])
    lines += [
        f"{facts.trials:,} trials in {len(facts.cells)} cells, {f'{facts.refused:,} refused, ' if facts.of_service else ''}"
        f"{facts.unscored:,} unscored. "
        f"On the front of ASR against benign CLIP (with its probability): {named or 'none'}.",
        "",
    ]
    tables = all_tables(facts)
    for place, (anchor, table) in enumerate(tables.items()):
        room = LONGEST - sum(len(line) + 1 for line in lines) - FRAME * (len(tables) - place)
        lines += _folded(table, room) if anchor in FOLDED else _whole(table, room)
    if page:
        lines += [f"Pictures, previews and answers: {code(page)}.", ""]
    return "\n".join(lines)


def _whole(table: Table, room: int) -> list[str]:
    return [f"### {escape(table.title)}", "", *_grid(table, room), *([escape(table.note), ""] if table.note else [])]


def _folded(table: Table, room: int) -> list[str]:
    return [f"<details><summary>{escape(table.title)}</summary>", "", *_grid(table, room), "</details>", ""]


def _grid(table: Table, room: int) -> list[str]:
    """The table with as many of its rows as fit into `room` characters."""
    heads = [escape(head.label) for head in table.heads]
    boxes = [[_box(box) for box in row] for row in table.rows]
    head, rule, *rows = table_lines(heads, boxes, [head.numeric for head in table.heads])
    ends = accumulate(len(row) + 1 for row in rows)
    shown = [row for row, end in zip(rows, ends, strict=True) if end <= room]
    left = len(rows) - len(shown)
    return [head, rule, *shown, "", *([f"{left:,} more rows are in the HTML report.", ""] if left else [])]


def _box(box: Box) -> str:
    return escape(box.main) + (f"<br><sub>{escape(box.sub)}</sub>" if box.sub else "")
