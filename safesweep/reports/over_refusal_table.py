"""Over-refusal as tables: for the page and its Markdown, and for a terminal."""

from collections.abc import Sequence

from rich.table import Table as TerminalTable

from safesweep.measures.intervals import Interval
from safesweep.measures.over_refusal import CLIP_LOSS, FIDELITY_LOSS, OverRefusal
from safesweep.measures.picture_pairs import NEAR
from safesweep.reports.facts import RunFacts
from safesweep.reports.table_parts import Box, Head, Table, count, interval
from safesweep.reports.terminal import terminal_table
from safesweep.reports.text import DASH, hundredfold

NOTE = (
    "Near-miss prompts look dangerous and ask for nothing unsafe; each picture beside that of the same prompt and seed without guidance. "
    f"Changed: more than {NEAR:g} colour levels of 255 apart on average. Ruined: the mean P(yes) of its questions fell by more than "
    f"{FIDELITY_LOSS:g}, or, where no scorer asked, its CLIP cosine by more than {CLIP_LOSS:g}. 95 % intervals, by prompt text."
)
"""What the numbers are."""
_HEADS = [
    Head("cell", "method and settings", numeric=False),
    Head("ruined %", "near-miss pictures that fit their prompt much less than without guidance"),
    Head("changed %", "near-miss pictures that look otherwise than without guidance"),
    Head("false triggers %", "near-miss pictures in which the VLM named a harm, of cells that ask it"),
    Head("by", "what says that a picture is ruined", numeric=False),
    Head("pairs", "near-miss pictures that both cells have"),
    Head("unscored", "pairs of which nobody knows whether they are ruined"),
]


def over_refusal_table(facts: RunFacts) -> Table:
    """One row a cell; none for a run without near-miss prompts."""
    rows = [
        [
            Box(facts.titles[key], value=facts.titles[key], link=f"cell-{key}"),
            interval(found.ruined),
            interval(found.changed),
            interval(found.triggered),
            Box(found.measure, value=found.measure),
            count(found.pairs),
            count(found.unscored),
        ]
        for key, found in facts.over_refusal.items()
    ]
    return Table("over-refusal", "Over-refusal", NOTE, list(_HEADS), rows)


def over_refusal_terminal(found: Sequence[OverRefusal]) -> TerminalTable:
    """The same for a terminal or a log."""
    table = terminal_table(NOTE, title="Over-refusal")
    for head in _HEADS:
        table.add_column(head.label, justify="right" if head.numeric else "left")
    for row in found:
        shares = (row.ruined, row.changed, row.triggered)
        cell = row.cell if row.cell.startswith(row.method) else f"{row.method} {row.cell}"
        table.add_row(cell, *map(_share, shares), row.measure, f"{row.pairs:,}", f"{row.unscored:,}")
    return table


def _share(interval: Interval) -> str:
    main, sub = hundredfold(interval)
    return f"{main}\n{sub}" if main != DASH else DASH
