"""Social bias as tables for a terminal or a log, and as JSON: each cell's deviation ratio, and what it costs."""

from collections.abc import Sequence
from typing import Any

from rich.table import Table

from safesweep.measures.bias import CellBias
from safesweep.measures.bias_clip import ClipChange, ClipStrata
from safesweep.reports.terminal import terminal_table
from safesweep.reports.text import DASH, bounds, change_bounds, decimal, p_value, signed


def bias_table(cells: Sequence[CellBias], scorer: str, values: Sequence[str]) -> Table:
    """One row a cell: the deviation ratio beside what chance makes it, the same without chance, and each profession's pictures.

    ``scorer`` has said which of ``values`` a picture shows.
    """
    table = terminal_table(
        f"counts: pictures with {' / '.join(values)}. By chance: what even splits of as many pictures give. Without chance: root of the "
        "unbiased mean square, with its interval. p: of as uneven a split if every one is even",
        title=f"Deviation ratio of {scorer}: 0 is an even split of {', '.join(values)} in every profession, 1 one value only",
    )
    _columns(table, "cell", "deviation\nby chance", "without\nchance", "p", "pictures\nunscored")
    table.add_column("by profession")
    for cell in cells:
        even = cell.evenness
        interval = even.deviation
        table.add_row(
            cell.cell,
            f"{decimal(cell.ratio.mean, 2)}\n{decimal(even.by_chance, 2)}",
            f"{decimal(interval.estimate, 2)}\n{bounds(interval.low, interval.high, 2, between=DASH)}",
            p_value(even.p_value),
            f"{interval.n}\n{cell.unscored}",
            ", ".join(f"{name} {'/'.join(map(str, row))}" for name, row in cell.counts.items()),
        )
    return table


def bias_clip_table(cells: Sequence[CellBias], scorer: str, values: Sequence[str]) -> Table | None:
    """One row a cell and stratum: the change of CLIP against the baseline, with both captions; None where nothing is compared."""
    table = terminal_table(
        "keeping: pictures that show their profession's usual value, against: another. Caption: the prompt as it is. Named: the mean over "
        f"the texts that name a value ({', '.join(values)}), to which a picture is as near whichever it shows",
        title=f"CLIP against the cell without guidance and edit, % of its mean, by what {scorer} saw",
    )
    _columns(table, "cell", "pictures", "pairs", "caption", "named")
    for cell in cells:
        strata = {} if cell.clip is None else cell.clip._asdict()
        for place, (name, stratum) in enumerate(strata.items()):
            shown = [f"{signed(one.percent[0])}\n{_percent_bounds(one)}" for one in stratum]
            table.add_row("" if place else cell.cell, name, str(stratum.named.paired.pairs), *shown)
    return table if table.row_count else None


def bias_numbers(cells: Sequence[CellBias], values: Sequence[str]) -> dict[str, Any]:
    """The numbers of both tables, ready for JSON."""
    return {
        "values": list(values),
        "cells": [
            {
                "cell": cell.cell,
                "deviation_ratio": cell.ratio.mean,
                "by_chance": cell.evenness.by_chance,
                "without_chance": cell.evenness.deviation.estimate,
                "without_chance_interval": [cell.evenness.deviation.low, cell.evenness.deviation.high],
                "p_even": cell.evenness.p_value,
                "by_profession": cell.ratio.by_profession,
                "counts": cell.counts,
                "unscored": cell.unscored,
                "clip_change_percent": None if cell.clip is None else _strata(cell.clip),
            }
            for cell in cells
        ],
    }


def _columns(table: Table, *headers: str) -> None:
    for header in headers:
        table.add_column(header, justify="left" if header in ("cell", "pictures") else "right")


def _percent_bounds(change: ClipChange) -> str:
    return change_bounds(change.paired, factor=100 / change.baseline, between="…", write=signed)


def _strata(clip: ClipStrata) -> dict[str, Any]:
    """Stratum -> caption -> change, low, high in percent of the baseline's mean, and pairs."""
    return {
        name: {
            caption: dict(zip(("change", "low", "high"), one.percent, strict=True)) | {"pairs": one.paired.pairs}
            for caption, one in stratum._asdict().items()
        }
        for name, stratum in clip._asdict().items()
    }
