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
from safesweep.reports.text import bounds
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
    path = Path("out") / store.run_id / "bias.json"
    write_bias(found, scorers, config, path)
    console.print(f"numbers   {path}")
    return code


def bias_of(store: RunStore, scorer: AttributeSettings) -> list[CellBias]:
    """Each cell's deviation ratio by what ``scorer`` saw."""
    return attribute_bias(store.lake, store.run_id, scorer.evidence_name, list(scorer.attributes))


def bias_table(cells: list[CellBias], scorer: AttributeSettings) -> Table:
    """One row a cell: the mean deviation ratio with its interval, and of each profession the pictures with each value."""
    values = list(scorer.attributes)
    table = Table(
        title=f"Deviation ratio of {scorer.evidence_name}: 0 is an even split of {', '.join(values)} in every profession, 1 one value only",
        caption=f"counts: pictures with {' / '.join(values)}; the interval resamples each profession's pictures",
        title_justify="left",
        caption_justify="left",
        box=box.SIMPLE_HEAD,
        pad_edge=False,
    )
    for header in ("cell", "deviation", "95 % interval", "pictures", "unscored"):
        table.add_column(header, justify="left" if header == "cell" else "right")
    table.add_column("by profession")
    for cell in cells:
        interval = cell.interval
        counts = ", ".join(f"{name} {'/'.join(map(str, row))}" for name, row in cell.counts.items())
        ends = bounds(interval.low, interval.high, 2, between=" … ")
        table.add_row(cell.cell, f"{cell.ratio.mean:.2f}", ends, str(interval.n), str(cell.unscored), counts)
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
                    "interval": [cell.interval.low, cell.interval.high],
                    "by_profession": cell.ratio.by_profession,
                    "counts": cell.counts,
                    "unscored": cell.unscored,
                }
                for cell in found[scorer.evidence_name]
            ],
        }
    write_json(path, content)
