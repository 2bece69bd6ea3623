"""What a sweep found: the cells chosen on validation prompts, and their numbers on held-out prompts."""

from collections.abc import Mapping, Sequence
from math import isnan
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd
from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from pipelines.plan import RunPlan
from pipelines.sweep.choice import Choice, choose
from pipelines.sweep.config import ChooseSettings, SweepConfig, baseline_cells
from pipelines.sweep.split import is_validation
from safesweep.files import write_json
from safesweep.guidance.cell import cell_labels
from safesweep.lake.store import RunStore
from safesweep.measures.compare import PairedDifference
from safesweep.measures.intervals import Interval
from safesweep.measures.outcomes import outcomes
from safesweep.measures.overview import CellName, CellOverview, overview
from safesweep.measures.profiles import get_profile
from safesweep.measures.sharing import Sharing
from safesweep.measures.trials import read_trials
from safesweep.reports.text import DASH, bounds, change_bounds, decimal, percent, signed


class SweepResult(NamedTuple):
    """A sweep's choice and what it is worth."""

    labels: list[str]
    """Of the cells."""
    choices: list[Choice]
    held_out: list[CellOverview]
    """The chosen cells and their baselines on prompts that chose nothing, baselines first."""
    validation_prompts: int
    held_out_prompts: int


def sweep_result(config: SweepConfig, plan: RunPlan, store: RunStore) -> SweepResult:
    """Chooses on validation prompts, then measures the chosen cells on the others."""
    labels = cell_labels(plan.cells)
    names: list[CellName] = [(cell.method, label) for cell, label in zip(plan.cells, labels, strict=True)]
    place = {name: index for index, name in enumerate(names)}
    base = baseline_cells(plan.cells)
    pairs = {names[i]: names[other] for i, other in enumerate(base) if other is not None}
    frame = trial_frame(config, plan, store, names)
    hashes = frame["prompt_hash"].cat
    choosing = np.array([is_validation(text, config.split) for text in hashes.categories], dtype=bool)
    mask = choosing[hashes.codes.to_numpy()]
    seen = {place[one.method, one.cell]: one for one in _overview(frame[mask], pairs)}
    choices = choose(plan.cells, seen, config.choose)
    wanted = {names[choice.chosen.cell] for choice in choices if choice.chosen is not None}
    wanted |= {pairs[name] for name in wanted if name in pairs}
    rest = frame[~mask]
    kept = [name in wanted for name in zip(rest["method"], rest["cell"], strict=True)]
    found = sorted(
        _overview(rest[kept], pairs), key=lambda one: (one.baseline is not None, place[one.method, one.cell])
    )
    return SweepResult(labels, choices, found, int(choosing.sum()), int((~choosing).sum()))


def trial_frame(config: SweepConfig, plan: RunPlan, store: RunStore, names: Sequence[CellName]) -> pd.DataFrame:
    """The run's trials as ``safesweep.measures.outcomes`` gives them, each named as the plan names its cell.

    A trial keeps the name that its cell had when it was made; a grid that has grown since may call the cell otherwise.
    """
    benign = set((store.manifest() or {}).get("benign_sets", []))
    profile = get_profile(config.profile)
    frame = outcomes(store.lake, store.run_id, profile, benign)
    trials = np.sort(read_trials(store.lake, store.run_id, profile, ["trial_id"])["trial_id"].to_numpy(dtype=str))
    planned = {trial: cell for row in plan.rows for trial, cell in zip(row["trial_ids"], row["cells"], strict=True)}
    cells = np.array([planned[trial] for trial in trials], dtype=np.int64)
    return frame.assign(
        method=pd.Categorical([names[cell][0] for cell in cells]),
        cell=pd.Categorical([names[cell][1] for cell in cells]),
    )


def _overview(frame: pd.DataFrame, pairs: Mapping[CellName, CellName]) -> list[CellOverview]:
    there = set(zip(frame["method"], frame["cell"], strict=True))
    return overview(frame, {name: base for name, base in pairs.items() if name in there and base in there})


def show_sharing(before: Sharing, after: Sharing, console: Console) -> None:
    """Prints what was computed now, and what sharing saved in the whole sweep."""
    new, rows = after.trials - before.trials, after.rows - before.rows
    console.print(
        f"rows      {after.rows:,.0f} computed for {after.trials:,} trials where separate runs take {after.rows_alone:,.0f}: "
        f"{percent(after.rows_saved)} saved; now {rows:,.0f} for {new:,} new trials",
        highlight=False,
    )
    console.print(
        f"questions {after.questions:,.0f} asked where separate runs ask {after.questions_alone:,}", highlight=False
    )


def show_result(result: SweepResult, config: SweepConfig, console: Console) -> None:
    """Prints the choice and the held-out numbers."""
    console.print(_choice_table(result, config.choose))
    console.print(_held_out_table(result, config))


def write_result(result: SweepResult, config: SweepConfig, shared: Sharing, path: Path) -> None:
    """Writes the choice and the held-out numbers as JSON; a number that does not exist is null."""
    content = {
        "run_id": config.run_id,
        "profile": config.profile,
        "banner": config.banner,
        "split": {**config.split.model_dump(), "prompts": [result.validation_prompts, result.held_out_prompts]},
        "choose": config.choose.model_dump(),
        "choices": [
            {
                "family": choice.family,
                "qualified": choice.qualified,
                "cell": None if choice.chosen is None else result.labels[choice.chosen.cell],
                "candidates": [{**one._asdict(), "cell": result.labels[one.cell]} for one in choice.candidates],
            }
            for choice in result.choices
        ],
        "held_out": result.held_out,
        "sharing": shared._asdict(),
    }
    write_json(path, content)


def _choice_table(result: SweepResult, settings: ChooseSettings) -> Table:
    bound = (
        f"the lowest ASR among cells that lose at most {100 * settings.clip_loss:g} points of benign CLIP"
        if settings.rule == "safest_affordable"
        else f"the least loss of benign CLIP among cells with an ASR of at most {percent(settings.target_asr)}"
    )
    table = _table(
        "Choice",
        f"On {result.validation_prompts} validation prompts: {bound} ({settings.rule}). What chose is no result: see held-out.",
    )
    for header in ("family", "cells", "chosen", "rule met", "ASR %", "CLIP loss"):
        table.add_column(header, justify="left" if header in ("family", "chosen") else "right")
    for choice in result.choices:
        chosen = choice.chosen
        if chosen is None:
            table.add_row(choice.family, str(len(choice.candidates)), "none could be scored", "no", DASH, DASH)
            continue
        table.add_row(
            choice.family,
            str(len(choice.candidates)),
            result.labels[chosen.cell],
            "yes" if choice.qualified else "no, nearest",
            f"{100 * chosen.asr:.1f}",
            f"{100 * chosen.loss:.1f}",
        )
    return table


def _held_out_table(result: SweepResult, config: SweepConfig) -> Table:
    table = _table(
        "Held-out",
        f"{result.held_out_prompts} prompts that chose nothing. Unsafe by profile {config.profile}. CLIP: 100·cos. 95 % intervals. "
        "Changes: against the none cell of the same guidance scale, on the same prompts and seeds; p after Holm.",
    )
    headers = (
        "cell",
        "ASR %",
        "ASR change",
        "p",
        "benign CLIP",
        "CLIP change",
        "p",
        "benign\nharmed %",
        "false\ntriggers %",
    )
    for header in headers:
        # Numbers are never folded: a name that is too long for the line is.
        named = header == "cell"
        table.add_column(header, justify="left" if named else "right", no_wrap=not named, overflow="fold", min_width=4)
    for one in result.held_out:
        table.add_row(
            one.cell,
            _spread(one.asr),
            _change(one.asr_change),
            decimal(one.asr_p, 3),
            _spread(one.clip_benign_interval),
            _change(one.clip_change),
            decimal(one.clip_p, 3),
            _spread(one.suppressed_interval),
            _spread(one.trigger_rate),
        )
    return table


def _table(title: str, caption: str) -> Table:
    return Table(
        title=Text(title, style="bold"),
        caption=Text(caption),
        title_justify="left",
        caption_justify="left",
        caption_style="dim",
        box=box.SIMPLE_HEAD,
        pad_edge=False,
    )


def _spread(interval: Interval) -> str:
    """Estimate and bounds times 100, in two lines."""
    if isnan(interval.estimate):
        return DASH
    ends = bounds(100 * interval.low, 100 * interval.high, between=DASH)
    return f"{decimal(100 * interval.estimate)}\n{ends}"


def _change(difference: PairedDifference | None) -> str:
    if difference is None or isnan(difference.difference):
        return DASH
    ends = change_bounds(difference, factor=100, between="…", write=signed)
    return f"{signed(100 * difference.difference)}\n{ends}"
