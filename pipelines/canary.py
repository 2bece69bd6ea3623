"""Draws the canary, in a Ray task with what a diffusion actor has."""

import hashlib
import os
import platform
from pathlib import Path

from actors.settings import DiffusionSettings
from pipelines.cluster import cluster
from pipelines.config import RunConfig
from pipelines.provenance import git_revision, library_versions
from safesweep.models.checkpoint import digest, resolve
from safesweep.regression.canary import Canary, Drawn, DrawnPicture, PictureKey, Role, keep
from safesweep.regression.policy import CanarySettings


def draw_canary(config: RunConfig, settings: CanarySettings, folder: Path, name: str) -> Canary:
    """Draws the canary in one Ray task with the resources of a diffusion actor, where the run's own pictures are made.

    Pictures are written to ``<folder>/canary/<name>/``. Raises what loading and drawing raise.
    """
    import ray

    stage = config.diffusion
    with cluster(config.address):
        task = ray.remote(num_cpus=stage.num_cpus, num_gpus=stage.num_gpus, max_retries=1)(draw)
        drawn = ray.get(task.remote(stage, config.solver, config.width, config.height, settings))
    return keep(drawn, folder, name)


def draw(stage: DiffusionSettings, solver: str, width: int, height: int, settings: CanarySettings) -> Drawn:
    """Draws with both models in this process; the reference at its own 64 × 64, in float32."""
    import torch

    if stage.threads:
        torch.set_num_threads(stage.threads)
    pictures: dict[PictureKey, DrawnPicture] = {}
    models: tuple[tuple[Role, str, str | None, str, int, int], ...] = (
        ("reference", settings.reference_model, None, "float32", 64, 64),
        ("model", stage.model, stage.revision, stage.dtype, width, height),
    )
    digests: dict[Role, str] = {}
    for role, path, revision, dtype, wide, high in models:
        digests[role] = f"{path}@{digest(path, revision)}"
        found = _pictures(resolve(path), revision, dtype, stage.device, solver, wide, high, settings)
        pictures.update({(role, prompt, seed): picture for (prompt, seed), picture in found.items()})
    kept = {
        "solver": solver,
        "size": f"{width}x{height}",
        "dtype": stage.dtype,
        "steps": settings.num_inference_steps,
        "guidance_scale": f"{settings.guidance_scale:g}",
    }
    words = " ".join(f"{key}={value}" for key, value in kept.items())
    return Drawn(pictures, digests, _environment(stage.device), words)


def _pictures(
    path: str,
    revision: str | None,
    dtype: str,
    device: str,
    solver: str,
    width: int,
    height: int,
    settings: CanarySettings,
) -> dict[tuple[str, int], DrawnPicture]:
    from safesweep.engine.config import EngineConfig
    from safesweep.engine.engine import Engine
    from safesweep.engine.trajectory import Request
    from safesweep.guidance.cell import Cell
    from safesweep.models import load as load_model

    model = load_model(path, device, dtype, revision)
    engine = Engine(model, EngineConfig(max_rows=2, max_trajectories=1, reproducible=True))
    cell = Cell(
        guidance={"method": "none"},
        guidance_scale=settings.guidance_scale,
        solver=solver,
        num_inference_steps=settings.num_inference_steps,
    )
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
