"""The diffusion family of `timed_network`: a real subclass of the abstract base on latents of a few numbers.

Shape suffixes: R network rows, B pictures, C H W latents, S steps.
"""

import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch

from benchmarks.simulation.timed_network import SIDE, Diary
from safesweep.models.base import DiffusionModel
from safesweep.models.checkpoint import ModelFolder
from safesweep.models.solver import SolverTable
from safesweep.models.text import TextEmbedding, TextEncoder
from safesweep.types import Picture

CHANNELS = 4


def straight_table(steps: int) -> SolverTable:
    """Euler's steps from noise to picture, each of the same size."""
    ones, levels = torch.ones(steps), torch.linspace(1, 1 / steps, steps)
    return SolverTable(
        name="EulerDiscreteScheduler",
        timesteps_S=levels * 1000,
        input_scale_S=ones,
        latents_SK=ones[:, None],
        outputs_SK=-ones[:, None] / steps,
        clean_latents_S=ones,
        clean_output_S=-levels,
        initial_scale=1.0,
        level_S=levels,
        noise_per_output_S=ones,
        signal_S=ones - levels,
        noise_S=levels,
    )


class TimedModel(DiffusionModel):
    """Its forward sleeps, which leaves the processor to others; its pictures are its latents, enlarged."""

    COMPONENTS = ()
    SOLVERS = ("EulerDiscreteScheduler",)
    SIDE = SIDE
    TABLES_BY_SIZE = False

    def __init__(self, forward_s: float, diary: Diary) -> None:
        super().__init__()
        self.device, self.dtype = torch.device("cpu"), torch.float32
        self._forward_s, self._diary = forward_s, diary

    @classmethod
    def check(cls, folder: ModelFolder, index: Mapping[str, Any]) -> None:
        pass

    @classmethod
    def table(cls, folder: ModelFolder, solver: str, steps: int, width: int, height: int) -> SolverTable:
        return straight_table(steps)

    @classmethod
    def load(
        cls, path: str, device: str = "cpu", dtype: str = "float32", revision: str | None = None, **options: Any
    ) -> "TimedModel":
        index = ModelFolder(Path(path)).read("model_index.json")
        return cls(index["forward_ms"] / 1000, Diary(Path(index["diary"])))

    @property
    def encoders(self) -> tuple[TextEncoder, ...]:
        return ()

    def lost(self, text: str) -> int:
        return 0

    def encode(self, text: str) -> TextEmbedding:
        return TextEmbedding(torch.full((1, 1), len(text) / 100))

    def solver_table(self, name: str, steps: int, width: int, height: int) -> SolverTable:
        return straight_table(steps)

    def initial_noise(self, seed: int, width: int, height: int) -> torch.Tensor:
        shape = (CHANNELS, height // SIDE, width // SIDE)
        return torch.randn(shape, generator=torch.Generator("cpu").manual_seed(seed))

    def predict(
        self,
        latents_RCHW: torch.Tensor,
        timesteps_R: torch.Tensor,
        texts: Sequence[TextEmbedding],
        embedded_R: torch.Tensor | None = None,
    ) -> torch.Tensor:
        begun = time.time()
        if self._forward_s:
            time.sleep(self._forward_s)
        tokens = torch.stack([text.tokens for text in texts])
        predicted = latents_RCHW * tokens[:, :, :, None]
        self._diary.forward(begun, len(latents_RCHW))
        return predicted

    def freeze(self) -> None:
        pass

    def decode(self, latents_BCHW: torch.Tensor, batch: int) -> list[Picture]:
        levels = ((latents_BCHW[:, :3].clamp(-3, 3) + 3) * 42).byte().permute(0, 2, 3, 1).numpy()
        self._diary.flush()
        return [np.ascontiguousarray(one.repeat(SIDE, axis=0).repeat(SIDE, axis=1)) for one in levels]

    def preview(self, latents_BCHW: torch.Tensor, batch: int) -> list[Picture]:
        return self.decode(latents_BCHW, batch)
