"""Which trials a run consists of, and which of them are still to be made."""

import json
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from actors.settings import DiffusionSettings
from pipelines.config import RunConfig
from safesweep.errors import InputError
from safesweep.files import resolve_file
from safesweep.guidance.cell import Cell, trial_id
from safesweep.lake.repeats import Line, repeat_id
from safesweep.models.checkpoint import digest
from safesweep.types import Prompt

Row = dict[str, Any]
PLANNED = ("cells", "trial_ids", "guidance_scales", "pictures")
"""Keys of a row that hold one value a cell; all others are columns of the lake."""


@dataclass(frozen=True)
class RunPlan:
    """All trials of a run, in the order of prompts, samples, cells."""

    cells: tuple[Cell, ...]
    rows: tuple[Row, ...]
    """One a prompt × sample: the prompt's columns of the lake, ``cells`` (indices), ``trial_ids``, ``guidance_scales`` and
    ``pictures`` (what decides each picture, by its hash: trials with equal ones are one picture)."""
    notes: tuple[str, ...] = ()
    """What a user should know of the prompt files, one line each."""

    @property
    def trial_ids(self) -> set[str]:
        """Every trial."""
        return {trial for row in self.rows for trial in row["trial_ids"]}

    @property
    def repeated(self) -> int:
        """Trials whose picture another row of the prompt sets already asks for: same text, seed, size and cell."""
        pictures = [picture for row in self.rows for picture in row["pictures"]]
        return len(pictures) - len(set(pictures))

    @property
    def asks(self) -> bool:
        """Whether any cell asks the VLM."""
        return any(cell.guidance.needs_vlm for cell in self.cells)

    def without(self, made: set[str]) -> "RunPlan":
        """The plan less the trials in ``made``; rows that have none left go."""
        rows = []
        for row in self.rows:
            keep = [place for place, trial in enumerate(row["trial_ids"]) if trial not in made]
            if keep:
                rows.append(_pick(row, keep))
        return RunPlan(self.cells, tuple(rows), self.notes)

    def requests(self) -> tuple[Row, ...]:
        """The rows as they are computed: each picture once, by the first row that asks for it.

        A row that asks again stands in that one's ``repeats``, JSON (Ray Data would infer other types of an empty list): the
        columns of its own, ``trial_id``, and ``place``, that of the cell among the row's.
        """
        asked: dict[str, tuple[list[Row], int]] = {}
        rows: list[tuple[Row, list[Row]]] = []
        for row in self.rows:
            keep: list[int] = []
            repeats: list[Row] = []
            for place, (picture, trial) in enumerate(zip(row["pictures"], row["trial_ids"], strict=True)):
                if picture not in asked:
                    asked[picture] = repeats, len(keep)
                    keep.append(place)
                    continue
                columns = {key: value for key, value in row.items() if key not in PLANNED}
                others, at = asked[picture]
                others.append({**columns, "trial_id": trial, "place": at})
            if keep:
                rows.append((_pick(row, keep), repeats))
        return tuple({**row, "repeats": json.dumps(repeats)} for row, repeats in rows)


def _pick(row: Row, places: Sequence[int]) -> Row:
    return {**row, **{key: [row[key][place] for place in places] for key in PLANNED}}


class PromptSets(NamedTuple):
    """What the prompt files hold for a run."""

    prompts: list[tuple[Prompt, bool]]
    """With whether their set is benign, in the order of the config."""
    notes: list[str]
    """What a user should know of the files, one line each: what of them was not taken, and which of two columns was."""


def read_prompt_sets(config: RunConfig) -> PromptSets:
    """All prompts of the run's files. Raises ``InputError``."""
    prompts: list[tuple[Prompt, bool]] = []
    notes: list[str] = []
    names: dict[str, tuple[int, str]] = {}
    for place, file in enumerate(config.prompts):
        found = file.model_copy(update={"path": resolve_file(file.path)}).read(
            limit=config.limit,
            on_empty=config.on_empty,
            default_seed=config.seed,
            samples=config.samples_per_prompt,
            guidance_cap=config.guidance_cap,
            max_side=config.max_side,
            size_multiple=config.size_multiple,
        )
        for prompt_set in found:
            name = prompt_set.report.prompt_set
            # a folder's files are one set where the set has a name, but never by chance
            holder = names.setdefault(name, (place, prompt_set.report.source))
            if holder != (place, prompt_set.report.source) and (holder[0] != place or file.name is None):
                raise InputError(f"prompts: {file.path} and {config.prompts[holder[0]].path} are both named {name!r}")
            notes += [f"{prompt_set.report.source}: {note}" for note in prompt_set.report.notes()]
            prompts += [(prompt, file.benign) for prompt in prompt_set.prompts]
    return PromptSets(prompts, notes)


def picture_size(config: RunConfig, prompt: Prompt) -> tuple[int, int]:
    """Width and height of a prompt's pictures, pixels."""
    asked = (prompt.width, prompt.height) if config.row_sizes else (None, None)
    return asked[0] or config.width, asked[1] or config.height


def make_plan(
    config: RunConfig,
    sets: PromptSets,
    cells: tuple[Cell, ...],
    digest_of: Callable[[str, str | None], str] | None = None,
    holders: Callable[[set[str]], Mapping[str, Line]] | None = None,
) -> RunPlan:
    """The run's trials, one a row, sample and cell.

    A trial's id is the hash of all that decides its picture. Where several rows ask for one picture, one of them has this id, the
    first or the one that the lake has it under (``holders`` tells, of such ids), and the others' are made of it and their place.

    ``digest_of`` names a model (folder or hub id, revision) by its content, by default ``safesweep.models.checkpoint.digest``.

    Raises ``InputError`` for more trials than ``max_trials``.
    """
    prompts = sets.prompts
    trials = len(prompts) * config.samples_per_prompt * len(cells)
    if trials > config.max_trials:
        found = f"{len(prompts):,} prompts × {config.samples_per_prompt:,} samples × {len(cells):,} cells are {trials:,} trials"
        raise InputError(f"max_trials: {found}; allowed: {config.max_trials:,}")
    named = digest_of or digest
    model = _with_precision(named(config.diffusion.model, config.diffusion.revision), config.diffusion)
    asks = any(cell.guidance.needs_vlm for cell in cells)
    vlm = config.vlm.identity(named) if asks else None
    if asks and config.diffusion.preview_decoder:
        vlm = f"{vlm} through {named(config.diffusion.preview_decoder, None)}"
    rows: list[Row] = []
    for prompt, benign in prompts:
        width, height = picture_size(config, prompt)
        resolved = [cell.resolve(prompt, config.guidance_scale) for cell in cells]
        for sample in range(config.samples_per_prompt):
            seed = prompt.seed + sample
            pictures: dict[str, int] = {}
            for index, cell in enumerate(resolved):
                picture = trial_id(cell, prompt, seed=seed, width=width, height=height, model=model, vlm=vlm)
                pictures.setdefault(picture, index)  # cells that only this row's guidance scale makes equal are one
            planned = {
                "cells": list(pictures.values()),
                "trial_ids": list(pictures),
                "guidance_scales": [resolved[index].guidance_scale for index in pictures.values()],
                "pictures": list(pictures),
            }
            rows.append({**_prompt_columns(prompt, benign, seed, sample, width, height), **planned})
    _name_repeats(rows, holders or (lambda trials: {}))
    return RunPlan(cells, tuple(rows), tuple(sets.notes))


def _name_repeats(rows: Sequence[Row], holders: Callable[[set[str]], Mapping[str, Line]]) -> None:
    """Gives each row that asks for another's picture trial ids of its own."""
    asking: dict[str, list[Row]] = {}
    counts = Counter(picture for row in rows for picture in row["pictures"])
    for row in rows:
        for picture in row["pictures"]:
            if counts[picture] > 1:
                asking.setdefault(picture, []).append(row)
    held = holders(set(asking)) if asking else {}
    for picture, those in asking.items():
        own = next((row for row in those if _line(row) == held.get(picture)), those[0])
        for row in those:
            if row is not own:
                place = row["pictures"].index(picture)
                row["trial_ids"][place] = repeat_id(picture, _line(row))


def _line(row: Row) -> Line:
    return row["prompt_set"], row["source"], row["prompt_row"], row["sample_index"]


def _with_precision(model: str, settings: DiffusionSettings) -> str:
    """The model's name with the types that it computes in, where they are not float32, and a chosen number of text tokens: they decide
    a picture's details."""
    stored = f" in {settings.dtype}" if settings.dtype != "float32" else ""
    computed = f" with autocast to {settings.autocast}" if settings.autocast else ""
    length = f" with {settings.text_tokens} text tokens" if settings.text_tokens is not None else ""
    return model + stored + computed + length


def _prompt_columns(prompt: Prompt, benign: bool, seed: int, sample: int, width: int, height: int) -> dict[str, Any]:
    return {
        "prompt_id": prompt.prompt_id,
        "prompt": prompt.text,
        "prompt_hash": prompt.text_hash,
        "prompt_set": prompt.prompt_set,
        "benign": benign,
        "categories": list(prompt.categories),
        "prompt_row": prompt.row,
        "source": prompt.source,
        "source_sha256": prompt.source_sha256,
        "seed": seed,
        "sample_index": sample,
        "width": width,
        "height": height,
    }
