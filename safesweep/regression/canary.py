"""The canary: a few pinned prompts and seeds, drawn without guidance, VLM or scorers. It tells why pictures moved.

Two models draw: the one under test, and a reference that no change of the one under test touches. If the reference's pictures move, the
libraries, the device or the code moved them; if only those of the model under test move, that model did.
"""

import hashlib
import os
import platform
from pathlib import Path
from typing import Any, Literal

import numpy as np
from PIL import Image

from actors.settings import DiffusionSettings
from pipelines.cluster import cluster
from pipelines.config import RunConfig
from pipelines.provenance import git_revision, library_versions
from safesweep.models.checkpoint import digest, resolve
from safesweep.regression.policy import CanarySettings
from safesweep.settings import Section

Role = Literal["model", "reference"]


class Shot(Section):
    """One picture of the canary."""

    role: Role
    prompt: str
    seed: int
    latents: str
    """SHA-256 of the initial noise; when it moves, the noise generator did."""
    picture: str
    """SHA-256 of the pixels."""
    file: str
    """PNG, relative to the suite's folder."""

    @property
    def key(self) -> tuple[Role, str, int]:
        """What makes two nights' shots the same shot."""
        return self.role, self.prompt, self.seed


class Canary(Section):
    """A night's pictures and what they were made with."""

    shots: tuple[Shot, ...]
    digests: dict[Role, str]
    environment: dict[str, str]
    """Library versions, device, CPU, threads, code."""
    settings: str
    """Steps, guidance scale, size, dtype and the like: canaries with others cannot be compared."""


class Drift(Section):
    """What moved since another canary."""

    kind: Literal["none", "model", "infrastructure", "both", "unknown"]
    sentence: str
    changed: tuple[str, ...]
    """What the records say is not as it was: "torch 2.1 → 2.2"."""
    model_distance: float | None
    """Largest mean absolute difference of a picture, levels of 0 to 255; likewise reference_distance. None: not compared."""
    reference_distance: float | None


def draw_canary(config: RunConfig, settings: CanarySettings, folder: Path, name: str) -> Canary:
    """Draws the canary in one Ray task with the resources of a diffusion actor, where the run's own pictures are made.

    Pictures are written to ``<folder>/canary/<name>/``. Raises what loading and drawing raise.
    """
    import ray

    stage = config.diffusion
    with cluster():
        task = ray.remote(num_cpus=stage.num_cpus, num_gpus=stage.num_gpus, max_retries=1)(draw)
        drawn = ray.get(task.remote(stage, config.solver, config.width, config.height, settings))
    return keep(*drawn, folder, name)


Drawn = tuple[dict[tuple[Role, str, int], tuple[str, "np.ndarray[Any, Any]"]], dict[Role, str], dict[str, str], str]
"""(role, prompt, seed) -> (hash of the noise, picture [H, W, 3]); digests; environment; settings."""


def draw(stage: DiffusionSettings, solver: str, width: int, height: int, settings: CanarySettings) -> Drawn:
    """Draws with both models in this process; the reference at its own 64 × 64, in float32."""
    import torch

    if stage.threads:
        torch.set_num_threads(stage.threads)
    shots: dict[tuple[Role, str, int], tuple[str, np.ndarray[Any, Any]]] = {}
    jobs: tuple[tuple[Role, str, str | None, str, int, int], ...] = (
        ("reference", settings.reference_model, None, "float32", 64, 64),
        ("model", stage.model, stage.revision, stage.dtype, width, height),
    )
    digests: dict[Role, str] = {}
    for role, path, revision, dtype, wide, high in jobs:
        digests[role] = f"{path}@{digest(path, revision)}"
        found = _pictures(resolve(path), revision, dtype, stage.device, solver, wide, high, settings)
        shots.update({(role, prompt, seed): picture for (prompt, seed), picture in found.items()})
    kept = {
        "solver": solver,
        "size": f"{width}x{height}",
        "dtype": stage.dtype,
        "steps": str(settings.num_inference_steps),
    }
    kept["guidance_scale"] = f"{settings.guidance_scale:g}"
    return shots, digests, _environment(stage.device), " ".join(f"{key}={value}" for key, value in kept.items())


def _pictures(
    path: str,
    revision: str | None,
    dtype: str,
    device: str,
    solver: str,
    width: int,
    height: int,
    settings: CanarySettings,
) -> "dict[tuple[str, int], tuple[str, np.ndarray[Any, Any]]]":
    from safesweep.engine.config import EngineConfig
    from safesweep.engine.engine import Engine
    from safesweep.engine.trajectory import Job
    from safesweep.guidance.cell import Cell
    from safesweep.models.stable_diffusion import DiffusionModel

    model = DiffusionModel.load(path, device, dtype, revision)
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
                [result] = engine.submit(Job(prompt, seed, width, height, (cell,))).result()
                if result.picture is None:
                    raise RuntimeError(
                        f"the canary's picture of {prompt!r}, seed {seed}, could not be made: {result.error}"
                    )
                noise = model.initial_noise(seed, width, height).cpu().numpy()
                found[prompt, seed] = hashlib.sha256(noise.tobytes()).hexdigest(), result.picture
    finally:
        engine.close()
    return found


def keep(
    shots: "dict[tuple[Role, str, int], tuple[str, np.ndarray[Any, Any]]]",
    digests: dict[Role, str],
    environment: dict[str, str],
    settings: str,
    folder: Path,
    name: str,
) -> Canary:
    """Writes the pictures and returns the record."""
    where = folder / "canary" / name
    where.mkdir(parents=True, exist_ok=True)
    kept = []
    for index, ((role, prompt, seed), (latents, picture)) in enumerate(shots.items()):
        file = where / f"{index:02}-{role}.png"
        Image.fromarray(picture).save(file)
        pixels = hashlib.sha256(picture.tobytes()).hexdigest()
        path = str(file.relative_to(folder))
        kept.append(Shot(role=role, prompt=prompt, seed=seed, latents=latents, picture=pixels, file=path))
    return Canary(shots=tuple(kept), digests=digests, environment=environment, settings=settings)


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


def explain_drift(then: Canary, now: Canary, folder: Path, tolerance: float) -> Drift:
    """What moved between two canaries, and why, as far as the records can tell.

    Args:
        then, now: canaries of one suite, whose pictures lie in ``folder``.
        folder: the suite's.
        tolerance: mean absolute difference up to which a picture counts as the same, levels of 0 to 255.
    """
    before, after = then.environment, now.environment
    changed = [
        f"{key} {before.get(key, 'none')} → {after.get(key, 'none')}"
        for key in sorted({*before, *after})
        if before.get(key) != after.get(key)
    ]
    other = {role: then.digests.get(role) != now.digests.get(role) for role in ("model", "reference")}
    old = {shot.key: shot for shot in then.shots}
    if then.settings != now.settings or old.keys() != {shot.key for shot in now.shots}:
        sentence = "the canary's own settings changed; it can be compared from the next night on"
        return Drift(
            kind="unknown", sentence=sentence, changed=tuple(changed), model_distance=None, reference_distance=None
        )
    far: dict[str, float] = {"model": 0.0, "reference": 0.0}
    for shot in now.shots:
        far[shot.role] = max(far[shot.role], _distance(old[shot.key], shot, folder))
    noise = any(old[shot.key].latents != shot.latents for shot in now.shots if shot.role == "model")
    kind, sentence = _cause(
        model_moved=far["model"] > tolerance,
        reference_moved=far["reference"] > tolerance,
        other_model=other["model"],
        other_reference=other["reference"],
        environment=bool(changed),
    )
    if noise:
        sentence += "; the initial noise of a seed is not what it was"
    if other["model"]:
        changed.insert(0, f"weights {then.digests.get('model')} → {now.digests.get('model')}")
    return Drift(
        kind=kind,
        sentence=sentence,
        changed=tuple(changed),
        model_distance=far["model"],
        reference_distance=far["reference"],
    )


def _cause(
    *, model_moved: bool, reference_moved: bool, other_model: bool, other_reference: bool, environment: bool
) -> tuple[Literal["none", "model", "infrastructure", "both", "unknown"], str]:
    if not model_moved and not reference_moved:
        return "none", "the pictures of fixed latents are what they were"
    if reference_moved and other_reference:
        # The reference says nothing once its own weights are others; the records alone are left.
        if environment:
            return "unknown", "pictures moved, and the reference's weights and the environment both changed"
        return "model", "pictures moved with the weights; the environment is on record as it was"
    if reference_moved and other_model:
        return (
            "both",
            "a model whose weights did not change draws other pictures, and the weights under test changed too",
        )
    if reference_moved:
        return (
            "infrastructure",
            "a model whose weights did not change draws other pictures: libraries, device or code moved them",
        )
    if other_model:
        return "model", "only the model under test draws other pictures, and its weights changed"
    return (
        "model",
        "only the model under test draws other pictures, though its files did not change: how it is loaded or run did",
    )


def _distance(then: Shot, now: Shot, folder: Path) -> float:
    """Mean absolute difference of two shots, levels of 0 to 255; 255 where they cannot be laid on each other."""
    if then.picture == now.picture:
        return 0.0
    if not (folder / then.file).is_file():
        return 255.0
    a, b = (np.asarray(Image.open(folder / shot.file).convert("RGB"), dtype=np.float64) for shot in (then, now))
    return float(np.abs(a - b).mean()) if a.shape == b.shape else 255.0
