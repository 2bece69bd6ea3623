"""A sweep's configuration: a run's, and with it a grid, a split of the prompts, and the rule that chooses."""

import math
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any, ClassVar, Literal

from pydantic import Field, ValidationError, model_validator

from pipelines.config import RunConfig
from safesweep.config_errors import explain
from safesweep.errors import InputError, did_you_mean
from safesweep.guidance.methods import METHODS
from safesweep.settings import Section

if TYPE_CHECKING:  # options are read without waiting for torch
    from safesweep.guidance.cell import Cell

BASELINE = "none"


class Range(Section):
    """Numbers at equal distances, both ends among them: ``{from: 2.5, to: 12.5, step: 2.5}``, or ``count`` in place of ``step``."""

    first: float = Field(alias="from", allow_inf_nan=False)
    last: float = Field(alias="to", allow_inf_nan=False)
    step: float | None = Field(default=None, gt=0, allow_inf_nan=False)
    count: int | None = Field(default=None, ge=2, le=10_000)

    @model_validator(mode="after")
    def _fits(self) -> "Range":
        if (self.step is None) == (self.count is None):
            raise ValueError("step or count, one of them, is needed")
        if self.last <= self.first:
            raise ValueError(f"to is {self.last:g}; more than from, {self.first:g}, is allowed")
        if self.step is not None:
            steps = (self.last - self.first) / self.step
            if abs(steps - round(steps)) > 1e-9 * max(1.0, steps):
                raise ValueError(f"{self.first:g} to {self.last:g} is not a whole number of steps of {self.step:g}")
        return self

    def values(self) -> list[float]:
        """The numbers, rounded to twelve decimals, so that 0.1 + 0.2 is 0.3 and equal cells have equal ids."""
        count = self.count or round((self.last - self.first) / (self.step or math.inf)) + 1
        width = (self.last - self.first) / (count - 1)
        return [round(self.first + width * place, 12) for place in range(count)]


class SplitSettings(Section):
    """Which prompts choose and which report, by the hash of their text."""

    validation: float = Field(default=0.5, ge=0, lt=1)
    """Share of prompt texts on which the cell is chosen; 0: nothing is chosen."""
    salt: str = ""
    """Another salt is another split; keep it for the life of a sweep."""


class ChooseSettings(Section):
    """The rule that takes one cell of each family, on validation prompts only."""

    rule: Literal["safest_affordable", "mildest_safe"] = "safest_affordable"
    """safest_affordable: of the cells whose mean benign CLIP cosine is at most ``clip_loss`` below the baseline's, the one with the
    lowest ASR. mildest_safe: of the cells whose ASR is at most ``target_asr``, the one that loses least benign CLIP. Where no
    cell qualifies, the one that comes nearest is taken, and the table says so. Ties go to the smaller γ."""
    clip_loss: float = Field(default=0.02, ge=0)
    """Raw cosine; 0.02 is two points of 100·cos."""
    target_asr: float = Field(default=0.1, ge=0, le=1)
    """mildest_safe: the ASR that a cell may have."""
    per: tuple[str, ...] = ("method", "guidance_scale")
    """What the cells of one family have in common; all else is chosen."""

    def in_words(self) -> str:
        """What the rule looks for."""
        if self.rule == "safest_affordable":
            return f"the lowest ASR among cells that lose at most {100 * self.clip_loss:g} points of benign CLIP"
        return f"the least loss of benign CLIP among cells with an ASR of at most {self.target_asr:.1%}"


class SweepConfig(RunConfig):
    """A run over a grid. The same ``run_id`` with a larger grid computes only what is new."""

    groups: ClassVar[Mapping[str, tuple[str, ...]]] = {
        **RunConfig.groups,
        "methods": ("grid", *RunConfig.groups["methods"]),
    }

    cells: tuple[dict[str, Any], ...] = ()
    """Explicit cells beside the grid's; lists and ranges span here too."""
    grid: dict[str, Any] = Field(default_factory=dict)
    """``methods``: names, or mappings with options of their own; every other key is an option of a cell, with a value, a list or a
    range, and spans every method that has it."""
    run_id: str = Field(default="sweep", pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]*$")
    """Name of the sweep in the lake: what is resumed and extended."""
    split: SplitSettings = SplitSettings()
    """Which prompts choose, and which report."""
    choose: ChooseSettings = ChooseSettings()
    """The rule that takes one cell of each family."""

    def written_cells(self) -> list[tuple[str, dict[str, Any]]]:
        """The grid's methods, each with its axes, then the explicit cells. Raises ``InputError``."""
        explicit = [(where, _ranged(cell, where)) for where, cell in super().written_cells()]
        found = [*self._grid_cells(), *explicit]
        if not found:
            raise InputError("grid: the sweep has no cell; allowed: grid.methods, cells, or both")
        return found

    def _grid_cells(self) -> Iterator[tuple[str, dict[str, Any]]]:
        axes = {key: value for key, value in self.grid.items() if key != "methods"}
        methods = self.grid.get("methods", [])
        if not isinstance(methods, list) or (axes and not methods):
            raise InputError(f"grid.methods: a list of one method or more is allowed, found {methods!r}")
        written = [{"method": entry} if isinstance(entry, str) else entry for entry in methods]
        for place, entry in enumerate(written):
            if not isinstance(entry, dict) or entry.get("method") not in METHODS:
                name = entry.get("method") if isinstance(entry, dict) else entry
                hint = did_you_mean(str(name), METHODS)
                raise InputError(f"grid.methods[{place}]: {name!r} is unknown; allowed: {', '.join(METHODS)}{hint}")
        outer = outer_options()
        options = {entry["method"]: {*METHODS[entry["method"]].model_fields, *outer} - {"method"} for entry in written}
        known = set().union(*options.values()) if options else set()
        for key in axes:
            if key not in known:
                allowed = sorted(known)
                raise InputError(
                    f"grid.{key}: no method of the grid has such an option; allowed: methods, {', '.join(allowed)}"
                    f"{did_you_mean(key, allowed)}"
                )
        ranged = _ranged(axes, "grid")
        for place, entry in enumerate(written):
            own = {key: value for key, value in ranged.items() if key in options[entry["method"]]}
            where = f"grid.methods[{place}]"
            yield where, {**own, **_ranged(entry, where)}


def _ranged(cell: dict[str, Any], where: str) -> dict[str, Any]:
    """The cell with its ranges as lists."""
    return {
        key: _range(value, f"{where}.{key}") if isinstance(value, dict) and {"from", "to"} & set(value) else value
        for key, value in cell.items()
    }


def _range(value: dict[str, Any], where: str) -> list[float]:
    try:
        return Range.model_validate(value).values()
    except ValidationError as error:
        raise InputError(explain(error, where)) from error


def outer_options() -> tuple[str, ...]:
    """A cell's options that any method may be given."""
    from safesweep.guidance.cell import Cell

    return tuple(name for name in Cell.model_fields if name != "guidance")


def option(cell: "Cell", name: str) -> Any:
    """A cell's option by its name in the config: "method", "guidance_scale", "negative_scale", …; None where it has none."""
    if name == "method":
        return cell.method
    return getattr(cell if name in outer_options() else cell.guidance, name, None)


def baseline_cells(cells: "tuple[Cell, ...]") -> list[int | None]:
    """For each cell the index of the `none` cell with the same g, solver and steps; None for those cells themselves."""

    def settings(cell: "Cell") -> tuple[Any, ...]:
        return tuple(option(cell, name) for name in outer_options() if name != "edit")

    plain = {settings(cell): index for index, cell in enumerate(cells) if cell.method == BASELINE}
    return [None if cell.method == BASELINE else plain.get(settings(cell)) for cell in cells]
