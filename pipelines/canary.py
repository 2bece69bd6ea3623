"""Draws the canary, in a Ray task with what a diffusion actor has."""

import hashlib
import os
import platform
from pathlib import Path

from actors.settings import DiffusionSettings
from pipelines.cluster import cluster
from pipelines.config import RunConfig
from pipelines.provenance import git_revision, library_versions
from safesweep.guidance.cell import Cell, parse_method
from safesweep.models import family_of
from safesweep.models.checkpoint import digest, model_folder
from safesweep.regression.canary import Canary, Drawn, DrawnPicture, PictureKey, Role, keep
from safesweep.regression.policy import CanarySettings

LOADED_WITH = ("autocast", "compile_mode", "text_tokens")
"""Options of the diffusion stage, beside its model and dtype, that pictures may follow."""


def draw_canary(config: RunConfig, settings: CanarySettings, folder: Path, name: str) -> Canary:
    """Draws the canary in one Ray task with the resources of a diffusion actor, where the run's own pictures are made.

    Pictures are written to ``<folder>/canary/<name>/``. Raises what loading and drawing raise.
    """
    import ray

    stage = config.diffusion
    with cluster(config.address):
        task = ray.remote(num_cpus=stage.num_cpus, num_gpus=stage.num_gpus, max_retries=1)(draw)
        drawn = ray.get(task.remote(stage, canary_cell(config, settings), config.width, config.height, settings))
    return keep(drawn, folder, name)


def canary_cell(config: RunConfig, settings: CanarySettings) -> Cell:
    """The run's first cell without its guidance and edit, at the canary's own scale, the run's cap at most, and steps: whatever else a cell
    has stays as it is."""
    scale, cap = settings.guidance_scale, config.guidance_cap
    return config.expand_cells()[0].model_copy(
        update={
            "guidance": parse_method({"method": "none"}),
            "edit": None,
            "guidance_scale": scale if cap is None else min(scale, cap),
            "num_inference_steps": settings.num_inference_steps,
        }
    )


def reference_cell(cell: Cell, model: str) -> Cell:
    """``cell`` as the reference takes it, which may be of another family: with its checkpoint's own scheduler where the cell's is not for
    it, and without an embedded scale that its network does not take."""
    family, folder = family_of(model), model_folder(model)
    named = str(folder.read("scheduler/scheduler_config.json").get("_class_name"))
    own = named if named in family.SOLVERS else family.SOLVERS[0]
    changes: dict[str, object] = {"checkpoint": None}
    if cell.solver not in family.SOLVERS:
        changes["solver"] = own
    if not family.takes_guidance(folder):
        changes["embedded_guidance"] = None
    return cell.model_copy(update=changes)


def draw(stage: DiffusionSettings, cell: Cell, width: int, height: int, settings: CanarySettings) -> Drawn:
    """Draws with both models in this process; the reference at its own 64 × 64, in float32."""
    import torch

    if stage.threads:
        torch.set_num_threads(stage.threads)
    reference = DiffusionSettings(model=settings.reference_model, device=stage.device)
    pictures: dict[PictureKey, DrawnPicture] = {}
    digests: dict[Role, str] = {}
    models: tuple[tuple[Role, DiffusionSettings, Cell, int, int], ...] = (
        ("reference", reference, reference_cell(cell, reference.model), 64, 64),
        ("model", stage, cell, width, height),
    )
    for role, loaded, made, wide, high in models:
        digests[role] = f"{loaded.model}@{digest(loaded.model, loaded.revision)}"
        found = _pictures(loaded, made, wide, high, settings)
        pictures.update({(role, prompt, seed): picture for (prompt, seed), picture in found.items()})
    return Drawn(pictures, digests, _environment(stage.device), settings_in_words(stage, cell, width, height))


def settings_in_words(stage: DiffusionSettings, cell: Cell, width: int, height: int) -> str:
    """All that decides the canary's pictures beside models and machine; an option that is not given stands in no night's record."""
    named = {"guidance", "edit", "solver", "num_inference_steps", "guidance_scale"}
    further = {**cell.model_dump(exclude=named), **stage.model_dump(include=set(LOADED_WITH))}
    kept = {
        "solver": cell.solver,
        "size": f"{width}x{height}",
        "dtype": stage.dtype,
        "steps": cell.num_inference_steps,
        "guidance_scale": f"{cell.guidance_scale:g}",
        **{key: value for key, value in sorted(further.items()) if value is not None},
    }
    return " ".join(f"{key}={value}" for key, value in kept.items())


def _pictures(
    stage: DiffusionSettings, cell: Cell, width: int, height: int, settings: CanarySettings
) -> dict[tuple[str, int], DrawnPicture]:
    from actors.diffusion import load_diffusion
    from safesweep.engine.config import EngineConfig
    from safesweep.engine.engine import Engine
    from safesweep.engine.trajectory import Request

    model = load_diffusion(stage)
    engine = Engine(model, EngineConfig(max_rows=2, max_trajectories=1, reproducible=True))
    found = {}
    try:
        for prompt in settings.prompts:
            for seed in settings.seeds:
                [result] = engine.submit(Request(prompt, seed, width, height, (cell,))).result()
                if result.picture is None:
                    raise RuntimeError(
                        f"the canary's picture of {prompt!r}, seed {seed}, could not be made: {result.error}"
                    )
                noise = model.initial_noise(seed, width, height).cpu().numpy()
                found[prompt, seed] = DrawnPicture(hashlib.sha256(noise.tobytes()).hexdigest(), result.picture)
    finally:
        engine.close()
    return found


def _environment(device: str) -> dict[str, str]:
    import torch

    cuda = device.startswith("cuda")
    return {
        **library_versions(),
        "device": torch.cuda.get_device_name(device) if cuda else "cpu",
        "cuda": str(torch.version.cuda) if cuda else "",
        "cpu": _cpu_name(),
        "threads": str(torch.get_num_threads()),
        "system": f"{platform.system()} {platform.machine()}",
        "code": git_revision(),
    }


def _cpu_name() -> str:
    source = Path("/proc/cpuinfo")
    lines = source.read_text().splitlines() if os.access(source, os.R_OK) else []
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor()
