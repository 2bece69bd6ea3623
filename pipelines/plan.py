"""Which trials a run consists of, and which of them are still to be made."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from actors.settings import DiffusionSettings
from pipelines.config import RunConfig
from safesweep.errors import InputError
from safesweep.files import resolve_file
from safesweep.guidance.cell import Cell, trial_id
from safesweep.models.checkpoint import digest
from safesweep.types import Prompt


@dataclass(frozen=True)
class RunPlan:
    """All trials of a run, in the order of prompts, samples, cells."""

    cells: tuple[Cell, ...]
    rows: tuple[dict[str, Any], ...]
    """One a prompt × sample: the prompt's columns of the lake, ``cells`` (indices), ``trial_ids``, ``guidance_scales``."""
    repeated: int
    """Trials that another row of the prompt sets already asks for: same text, seed, size and cell."""

    @property
    def trial_ids(self) -> set[str]:
        """Every trial."""
        return {trial for row in self.rows for trial in row["trial_ids"]}

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
                picked = {key: [row[key][place] for place in keep] for key in ("cells", "trial_ids", "guidance_scales")}
                rows.append({**row, **picked})
        return RunPlan(self.cells, tuple(rows), self.repeated)


def read_prompt_sets(config: RunConfig) -> list[tuple[Prompt, bool]]:
    """All prompts with whether their set is benign, in the order of the config. Raises ``InputError``."""
    prompts: list[tuple[Prompt, bool]] = []
    names: dict[str, tuple[int, str]] = {}
    for place, file in enumerate(config.prompts):
        found = file.model_copy(update={"path": resolve_file(file.path)}).read(
            limit=config.limit,
            on_empty=config.on_empty,
            default_seed=config.seed,
            samples=config.samples_per_prompt,
            guidance_cap=config.guidance_cap,
            max_side=config.max_side,
        )
        for prompt_set in found:
            name = prompt_set.report.prompt_set
            # a folder's files are one set where the set has a name, but never by chance
            holder = names.setdefault(name, (place, prompt_set.report.source))
            if holder != (place, prompt_set.report.source) and (holder[0] != place or file.name is None):
                raise InputError(f"prompts: {file.path} and {config.prompts[holder[0]].path} are both named {name!r}")
            prompts += [(prompt, file.benign) for prompt in prompt_set.prompts]
    return prompts


def make_plan(
    config: RunConfig,
    prompts: Sequence[tuple[Prompt, bool]],
    cells: tuple[Cell, ...],
    digest_of: Callable[[str, str | None], str] | None = None,
) -> RunPlan:
    """The run's trials. A trial that several rows ask for (same text, seed, size, cell) is planned once.

    ``digest_of`` names a model (folder or hub id, revision) by its content, by default ``safesweep.models.checkpoint.digest``.
    """
    named = digest_of or digest
    model = _with_precision(named(config.diffusion.model, config.diffusion.revision), config.diffusion)
    asks = any(cell.guidance.needs_vlm for cell in cells)
    vlm = config.vlm.identity(named) if asks else None
    if asks and config.diffusion.preview_decoder:
        vlm = f"{vlm} through {named(config.diffusion.preview_decoder, None)}"
    rows: list[dict[str, Any]] = []
    seen: set[str] = set()
    repeated = 0
    for prompt, benign in prompts:
        asked = (prompt.width, prompt.height) if config.row_sizes else (None, None)
        width, height = asked[0] or config.width, asked[1] or config.height
        for sample in range(config.samples_per_prompt):
            seed = prompt.seed + sample
            planned: dict[str, list[Any]] = {"cells": [], "trial_ids": [], "guidance_scales": []}
            for index, cell in enumerate(cells):
                resolved = cell.resolve(prompt, config.guidance_scale)
                trial = trial_id(resolved, prompt, seed=seed, width=width, height=height, model=model, vlm=vlm)
                if trial in seen:
                    repeated += 1
                    continue
                seen.add(trial)
                planned["cells"].append(index)
                planned["trial_ids"].append(trial)
                planned["guidance_scales"].append(resolved.guidance_scale)
            if planned["cells"]:
                columns = _prompt_columns(prompt, benign, seed, sample, width, height)
                rows.append({**columns, **planned})
    return RunPlan(cells, tuple(rows), repeated)


def _with_precision(model: str, settings: DiffusionSettings) -> str:
    """The model's name with the types that it computes in, where they are not float32: they decide a picture's details."""
    stored = f" in {settings.dtype}" if settings.dtype != "float32" else ""
    computed = f" with autocast to {settings.autocast}" if settings.autocast else ""
    return model + stored + computed


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
