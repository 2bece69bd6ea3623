"""Runs of the engine that keep the final latents, which its results do not hold."""

from collections.abc import Sequence

import torch

from safesweep.engine.config import EngineConfig
from safesweep.engine.engine import Engine
from safesweep.engine.questions import AskVlm
from safesweep.engine.trajectory import Request
from safesweep.models.base import DiffusionModel
from safesweep.types import Picture


class Recording:
    """A model that remembers the latents which every finished picture was decoded from."""

    def __init__(self, model: DiffusionModel) -> None:
        self._model = model
        self._decoded: list[tuple[Picture, torch.Tensor]] = []

    def __getattr__(self, name: str):
        return getattr(self._model, name)

    def decode(self, latents: torch.Tensor, batch: int) -> list[Picture]:
        pictures = self._model.decode(latents, batch)
        self._decoded += zip(pictures, latents.clone(), strict=True)
        return pictures

    def latents_of(self, picture: Picture) -> torch.Tensor:
        """[C, H, W]; ``picture`` is the very object that an engine handed over."""
        return next(latents for decoded, latents in self._decoded if decoded is picture)

    def forget(self) -> None:
        """Lets go of what was decoded."""
        self._decoded.clear()


def final_latents(
    model: DiffusionModel, jobs: Sequence[Request], config: EngineConfig, ask: AskVlm | None = None
) -> list[list[torch.Tensor]]:
    """The latents [C, H, W] at the end of every trial; the engine's counters stay in ``final_latents.counters``."""
    recording = Recording(model)
    engine = Engine(recording, config, ask)
    results = [future.result(timeout=120) for future in [engine.submit(job) for job in jobs]]
    engine.close()
    final_latents.counters = engine.counters
    assert all(trial.error is None for trials in results for trial in trials), results
    return [[recording.latents_of(trial.picture) for trial in trials] for trials in results]
