"""What a sweep found: the cells chosen on validation prompts, and their numbers on held-out prompts."""

from collections.abc import Mapping, Sequence
from math import nan
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd
from rich.console import Console

from pipelines.plan import RunPlan
from pipelines.sweep.choice import Choice, choose
from pipelines.sweep.config import SweepConfig, baseline_cells
from pipelines.sweep.split import is_validation
from safesweep.files import write_json
from safesweep.guidance.cell import cell_labels
from safesweep.lake.manifest import near_miss_sets
from safesweep.lake.store import RunStore
from safesweep.measures.outcomes import outcomes
from safesweep.measures.overview import CellOverview, overview
from safesweep.measures.picture_pairs import CellName
from safesweep.measures.profiles import get_profile
from safesweep.measures.sharing import Sharing
from safesweep.measures.trials import read_trials
from safesweep.reports.sweep_tables import ChosenRow, choice_table, held_out_table


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
    held = read_trials(store.lake, store.run_id, profile, ["trial_id", "prompt_set"])
    held = held[~held["prompt_set"].isin(near_miss_sets(store.lake, store.run_id))]  # the frame has none of them
    trials = np.sort(held["trial_id"].to_numpy(dtype=str))
    planned = {trial: cell for row in plan.rows() for trial, cell in zip(row["trial_ids"], row["cells"], strict=True)}
    cells = np.array([planned[trial] for trial in trials], dtype=np.int64)
    return frame.assign(
        method=pd.Categorical([names[cell][0] for cell in cells]),
        cell=pd.Categorical([names[cell][1] for cell in cells]),
    )


def _overview(frame: pd.DataFrame, pairs: Mapping[CellName, CellName]) -> list[CellOverview]:
    there = set(zip(frame["method"], frame["cell"], strict=True))
    return overview(frame, {name: base for name, base in pairs.items() if name in there and base in there})


def show_result(result: SweepResult, config: SweepConfig, console: Console) -> None:
    """Prints the choice and the held-out numbers."""
    rule = f"{config.choose.in_words()} ({config.choose.rule})"
    console.print(choice_table(_rows(result), prompts=result.validation_prompts, rule=rule))
    console.print(held_out_table(result.held_out, prompts=result.held_out_prompts, profile=config.profile))


def _rows(result: SweepResult) -> list[ChosenRow]:
    rows = []
    for choice in result.choices:
        chosen = choice.chosen
        name, asr, loss = (None, nan, nan) if chosen is None else (result.labels[chosen.cell], chosen.asr, chosen.loss)
        rows.append(ChosenRow(choice.family, len(choice.candidates), name, choice.qualified, asr, loss))
    return rows


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
