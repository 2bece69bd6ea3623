"""Runs of the engine that keep the final latents, which its results do not hold."""

from collections.abc import Sequence

import torch

from guidance.engine import AskVlm, Engine, EngineConfig
from guidance.model import DiffusionModel
from guidance.trajectory import Job, Picture


class Recording:
    """A model whose decoded latents are remembered by the bytes of their pictures."""

    def __init__(self, model: DiffusionModel) -> None:
        self._model = model
        self.latents: dict[bytes, torch.Tensor] = {}

    def __getattr__(self, name: str):
        return getattr(self._model, name)

    def decode(self, latents: torch.Tensor, batch: int) -> list[Picture]:
        pictures = self._model.decode(latents, batch)
        self.latents.update(zip((p.tobytes() for p in pictures), latents, strict=True))
        return pictures


def final_latents(
    model: DiffusionModel, jobs: Sequence[Job], config: EngineConfig, ask: AskVlm | None = None
) -> list[list[torch.Tensor]]:
    """The latents [C, H, W] at the end of every trial; the engine's counters stay in ``final_latents.counters``."""
    recording = Recording(model)
    engine = Engine(recording, config, ask)
    results = [future.result(timeout=120) for future in [engine.submit(job) for job in jobs]]
    engine.close()
    final_latents.counters = engine.counters
    assert all(trial.error is None for trials in results for trial in trials), results
    return [[recording.latents[trial.picture.tobytes()] for trial in trials] for trials in results]
