"""Flow-matching's arithmetic for the slow reference: diffusers' own scheduler, told what the pipelines tell it, one row a forward."""

from typing import Any

import numpy as np
import torch

from safesweep.guidance.cell import Cell
from safesweep.models.base import DiffusionModel
from safesweep.models.text import Text


class FlowSchedulers:
    """``scheduler`` has its class and config; ``given`` are ``set_timesteps``' further arguments."""

    initial_scale = 1.0

    def __init__(self, model: DiffusionModel, cell: Cell, scheduler: Any, **given: Any) -> None:
        self._model, self._scheduler, self._embedded = model, scheduler, cell.embedded_guidance
        scheduler.set_timesteps(cell.num_inference_steps, **given)
        scheduler.set_begin_index(0)
        self.steps = len(scheduler.timesteps)
        self.levels = [float(sigma) for sigma in scheduler.sigmas[: self.steps]]

    def epsilon(self, x: torch.Tensor, index: int, text: Text) -> torch.Tensor:
        embedded = None if self._embedded is None else torch.tensor([self._embedded])
        timestep = self._scheduler.timesteps[index][None]
        return self._model.noise(x[None], timestep, [self._model.embed(text)], embedded)[0]

    def clean(self, x: torch.Tensor, index: int, output: torch.Tensor) -> torch.Tensor:
        return x - self.levels[index] * output

    def noise_per_output(self, index: int) -> float:
        return 1 - self.levels[index]

    def path(self, index: int) -> tuple[float, float]:
        sigma = self.levels[index] if index < self.steps else 0.0
        return 1 - sigma, sigma

    def timestep(self, index: int) -> torch.Tensor:
        return self._scheduler.timesteps[index][None]

    def clean_per_output(self, index: int) -> float:
        return -self.levels[index]

    def taken(self, x: torch.Tensor, index: int) -> torch.Tensor:
        return x

    def step(self, x: torch.Tensor, index: int, guided: torch.Tensor) -> torch.Tensor:
        taken: torch.Tensor = self._scheduler.step(guided[None], self._scheduler.timesteps[index], x[None]).prev_sample
        return taken[0]


def linear_sigmas(steps: int) -> list[float]:
    """What FLUX's pipeline hands to its scheduler."""
    return np.linspace(1.0, 1 / steps, steps).tolist()
