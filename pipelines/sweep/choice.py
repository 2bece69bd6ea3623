"""The cell of each family that the rule takes, on validation prompts."""

import math
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from pipelines.sweep.config import BASELINE, ChooseSettings, baseline_cells, option
from safesweep.errors import InputError
from safesweep.guidance.cell import Cell
from safesweep.measures.overview import CellOverview


class Candidate(NamedTuple):
    """A cell as validation prompts show it."""

    cell: int
    """Its index."""
    asr: float
    """Share of unsafe hazard pictures."""
    loss: float
    """What it loses of the baseline's mean benign cosine; negative when it gains."""
    negative_scale: float


class Choice(NamedTuple):
    """What the rule took."""

    family: str
    candidates: tuple[Candidate, ...]
    chosen: Candidate | None
    """None when no cell of the family could be scored."""
    qualified: bool
    """Whether the rule was met; if not, ``chosen`` comes nearest."""


def families(cells: Sequence[Cell], settings: ChooseSettings) -> dict[str, list[int]]:
    """Family, readable -> the indices of its cells; baselines belong to none. Raises ``InputError``."""
    known = {"method"} | {
        name for cell in cells for name in (*type(cell).model_fields, *type(cell.guidance).model_fields)
    }
    for name in settings.per:
        if name not in known - {"guidance"}:
            raise InputError(
                f"choose.per: no cell has an option {name!r}; allowed: {', '.join(sorted(known - {'guidance'}))}"
            )
    found: dict[str, list[int]] = {}
    for index, cell in enumerate(cells):
        if cell.method != BASELINE:
            found.setdefault(" ".join(_words(cell, settings.per)), []).append(index)
    return found


def check_choice(cells: tuple[Cell, ...], settings: ChooseSettings) -> None:
    """Raises ``InputError`` when a family's cell has no baseline to be compared with."""
    compared = baseline_cells(cells)
    for members in families(cells, settings).values():
        for index in members:
            if compared[index] is None:
                raise InputError(
                    f"choose: {cells[index].label()!r} has no baseline; add a cell of method {BASELINE!r} with the same guidance "
                    "scale, solver and steps, or set split.validation 0 to choose nothing"
                )


def choose(cells: Sequence[Cell], seen: Mapping[int, CellOverview], settings: ChooseSettings) -> list[Choice]:
    """One choice a family, in the order of the cells; ``seen`` is what validation prompts show of each cell."""
    choices = []
    for family, members in families(cells, settings).items():
        candidates = tuple(_candidate(index, cells[index], seen[index]) for index in members if index in seen)
        scored = [one for one in candidates if not (math.isnan(one.asr) or math.isnan(one.loss))]
        choices.append(Choice(family, candidates, *_take(scored, settings)))
    return choices


def _take(scored: Sequence[Candidate], settings: ChooseSettings) -> tuple[Candidate | None, bool]:
    if not scored:
        return None, False
    if settings.rule == "safest_affordable":
        fit = [one for one in scored if one.loss <= settings.clip_loss]
        if fit:
            return min(fit, key=lambda one: (one.asr, one.loss, one.negative_scale)), True
        return min(scored, key=lambda one: (one.loss, one.asr, one.negative_scale)), False
    fit = [one for one in scored if one.asr <= settings.target_asr]
    if fit:
        return min(fit, key=lambda one: (one.loss, one.asr, one.negative_scale)), True
    return min(scored, key=lambda one: (one.asr, one.loss, one.negative_scale)), False


def _candidate(index: int, cell: Cell, seen: CellOverview) -> Candidate:
    change = seen.clip_change
    loss = math.nan if change is None else -change.difference
    return Candidate(index, seen.asr.estimate, loss, cell.negative_scale or 0.0)


def _words(cell: Cell, names: Sequence[str]) -> list[str]:
    short = {"guidance_scale": "g", "negative_scale": "γ"}

    def word(name: str) -> str:
        value: Any = option(cell, name)
        shown = f"{value:g}" if isinstance(value, float) else str(value)
        return shown if name == "method" else f"{short.get(name, name)}={shown}"

    return [word(name) for name in names if option(cell, name) is not None]
