"""The prompts of a run's files."""

from functools import partial
from typing import NamedTuple

import pyarrow as pa

from pipelines.config import RunConfig
from pipelines.trial_names import TrialNames
from safesweep.errors import InputError
from safesweep.files import resolve_file
from safesweep.prompts.batches import PromptBatches


class PromptSets(NamedTuple):
    """What the prompt files hold for a run."""

    prompts: PromptBatches
    """In the order of the config."""
    notes: list[str]
    """What a user should know of the files, one line each: what of them was not taken, and which of two columns was."""


def read_prompt_sets(config: RunConfig) -> PromptSets:
    """All prompts of the run's files. Raises ``InputError``."""
    prompts = PromptBatches()
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
            take=partial(prompts.add, benign=file.is_benign, near_miss=file.near_miss),
        )
        for prompt_set in found:
            name = prompt_set.report.prompt_set
            # a folder's files are one set where the set has a name, but never by chance
            holder = names.setdefault(name, (place, prompt_set.report.source))
            if holder != (place, prompt_set.report.source) and (holder[0] != place or file.name is None):
                raise InputError(f"prompts: {file.path} and {config.prompts[holder[0]].path} are both named {name!r}")
            notes += [f"{prompt_set.report.source}: {note}" for note in prompt_set.report.notes()]
    return PromptSets(prompts, notes)


def picture_sizes(config: RunConfig, prompts: PromptBatches) -> set[tuple[int, int]]:
    """Width and height of the run's pictures, pixels."""
    names = TrialNames(config, (), "", None)
    asked = {pair for batch in prompts.batches() for pair in _pairs(batch)}
    return {names.size(*pair) for pair in asked}


def _pairs(batch: pa.RecordBatch) -> set[tuple[int | None, int | None]]:
    return set(zip(batch["width"].to_pylist(), batch["height"].to_pylist(), strict=True))
