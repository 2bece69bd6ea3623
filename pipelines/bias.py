"""Social bias of a run: the deviation ratio of each attribute that its scorers tell apart, as a table and as JSON."""

from pathlib import Path
from typing import Any

from rich import box
from rich.console import Console
from rich.table import Table

from pipelines.config import RunConfig
from pipelines.evaluation import RunResult, check, evaluate
from pipelines.job import show_run
from safesweep.errors import InputError
from safesweep.files import write_json
from safesweep.lake.store import RunStore
from safesweep.measures.bias import CellBias, attribute_bias
from safesweep.measures.bias_clip import ClipChange, ClipStrata
from safesweep.reports.text import DASH, bounds, change_bounds, decimal, p_value, signed
from safesweep.scorers.attribute import AttributeSettings


def attribute_scorers(config: RunConfig) -> list[AttributeSettings]:
    """The run's scorers of attributes. Raises ``InputError`` when it has none."""
    found = [one for one in (*config.safety.scorers, *config.alignment.scorers) if isinstance(one, AttributeSettings)]
    if not found:
        raise InputError("safety, alignment: no scorer of kind attribute, which says what a picture of a person shows")
    return found


def run_bias(config: RunConfig, console: Console) -> int:
    """Makes what the lake lacks, then shows the run's table and its deviation ratios; returns the exit code.

    Raises ``InputError`` for whatever is wrong, before a model is loaded.
    """
    scorers = attribute_scorers(config)
    plan, store = check(config)
    result: RunResult = evaluate(config, plan, store, console)
    code = show_run(config, result, console)
    found = {scorer.evidence_name: bias_of(store, scorer) for scorer in scorers}
    for scorer in scorers:
        console.print(bias_table(found[scorer.evidence_name], scorer))
        clip = clip_table(found[scorer.evidence_name], scorer)
        if clip is not None:
            console.print(clip)
    path = Path("out") / store.run_id / "bias.json"
    write_bias(found, scorers, config, path)
    console.print(f"numbers   {path}")
    return code


def bias_of(store: RunStore, scorer: AttributeSettings) -> list[CellBias]:
    """Each cell's deviation ratio by what ``scorer`` saw."""
    return attribute_bias(store.lake, store.run_id, scorer.evidence_name, list(scorer.attributes))


def bias_table(cells: list[CellBias], scorer: AttributeSettings) -> Table:
    """One row a cell: the deviation ratio beside what chance makes it, the same without chance, and each profession's pictures."""
    values = list(scorer.attributes)
    table = _table(
        f"Deviation ratio of {scorer.evidence_name}: 0 is an even split of {', '.join(values)} in every profession, 1 one value only",
        f"counts: pictures with {' / '.join(values)}. By chance: what even splits of as many pictures give. Without chance: root of the "
        "unbiased mean square, with its interval. p: of as uneven a split if every one is even",
        ("cell", "deviation\nby chance", "without\nchance", "p", "pictures\nunscored"),
    )
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


def clip_table(cells: list[CellBias], scorer: AttributeSettings) -> Table | None:
    """One row a cell and stratum: the change of CLIP against the baseline, with both captions; None where nothing is compared."""
    table = _table(
        f"CLIP against the cell without guidance and edit, % of its mean, by what {scorer.evidence_name} saw",
        "keeping: pictures that show their profession's usual value, against: another. Caption: the prompt as it is. Named: the mean over "
        f"the texts that name a value ({', '.join(scorer.attributes)}), to which a picture is as near whichever it shows",
        ("cell", "pictures", "pairs", "caption", "named"),
    )
    for cell in cells:
        strata = {} if cell.clip is None else cell.clip._asdict()
        for place, (name, stratum) in enumerate(strata.items()):
            shown = [f"{signed(one.percent[0])}\n{_percent_bounds(one)}" for one in stratum]
            table.add_row("" if place else cell.cell, name, str(stratum.named.paired.pairs), *shown)
    return table if table.row_count else None


def _percent_bounds(change: ClipChange) -> str:
    return change_bounds(change.paired, factor=100 / change.baseline, between="…", write=signed)


def _table(title: str, caption: str, headers: tuple[str, ...]) -> Table:
    table = Table(
        title=title, caption=caption, title_justify="left", caption_justify="left", box=box.SIMPLE_HEAD, pad_edge=False
    )
    for header in headers:
        table.add_column(header, justify="left" if header in ("cell", "pictures") else "right")
    return table


def write_bias(
    found: dict[str, list[CellBias]], scorers: list[AttributeSettings], config: RunConfig, path: Path
) -> None:
    """All numbers as JSON; one that does not exist is null."""
    content: dict[str, Any] = {"banner": config.banner, "attributes": {}}
    for scorer in scorers:
        content["attributes"][scorer.evidence_name] = {
            "values": list(scorer.attributes),
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
                for cell in found[scorer.evidence_name]
            ],
        }
    write_json(path, content)


def _strata(clip: ClipStrata) -> dict[str, Any]:
    """Stratum -> caption -> change, low, high in percent of the baseline's mean, and pairs."""
    return {
        name: {
            caption: dict(zip(("change", "low", "high"), one.percent, strict=True)) | {"pairs": one.paired.pairs}
            for caption, one in stratum._asdict().items()
        }
        for name, stratum in clip._asdict().items()
    }
