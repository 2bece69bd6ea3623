"""The cell without guidance that a run's other cells are compared with."""

from collections.abc import Sequence
from typing import Protocol, TypeVar

from safesweep.measures.picture_pairs import CellName
from safesweep.measures.summary import CellSummary

NAN = float("nan")
BASELINE = "none"
"""The method without guidance."""


class NamedCell(Protocol):
    """Anything that is one cell's."""

    @property
    def method(self) -> str: ...

    @property
    def cell(self) -> str: ...


Named = TypeVar("Named", bound=NamedCell)


def cell_words(cell: NamedCell) -> list[str]:
    """The words of a cell's name that say how it is set, such as "γ=7.5" and "g=4"."""
    return cell.cell.removeprefix(cell.method).split()


def baselines_of(cells: Sequence[NamedCell]) -> dict[CellName, CellName]:
    """Return (method, cell) -> that of its `none` cell, for each cell that has one and is not one itself."""
    found = [(cell, baseline_of(cell, cells)) for cell in cells]
    return {
        (cell.method, cell.cell): (base.method, base.cell)
        for cell, base in found
        if base is not None and (cell.method, cell.cell) != (base.method, base.cell)
    }


def baseline_of(cell: NamedCell, summaries: Sequence[Named]) -> Named | None:
    """Return the `none` cell that a cell is compared with.

    With several of them, the one whose settings (the words of its name, such as "g=4") the cell shares; None when there
    is no such cell.
    """
    baselines = [other for other in summaries if other.method == BASELINE]
    if len(baselines) == 1:
        return baselines[0]
    near = [other for other in baselines if set(cell_words(other)) <= set(cell_words(cell))]
    return near[0] if len(near) == 1 else None


def clip_changes(summaries: Sequence[CellSummary]) -> list[float]:
    """Return each cell's change of the mean benign CLIP cosine against its `none` cell, in percent.

    `baseline_of` says which one. NaN without it, without scores, or when two CLIP models measured them, whose scales
    differ.
    """
    return [_change(cell, baseline_of(cell, summaries)) for cell in summaries]


def _change(cell: CellSummary, baseline: CellSummary | None) -> float:
    if baseline is None or len(cell.clip_models) != 1 or cell.clip_models != baseline.clip_models:
        return NAN
    # A mean that is not positive has no percentages.
    return 100 * (cell.clip_benign / baseline.clip_benign - 1) if baseline.clip_benign > 0 else NAN
