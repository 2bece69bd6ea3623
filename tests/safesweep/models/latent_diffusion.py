"""A model family outside the library: latent diffusion's ``LDMTextToImagePipeline``, whose parts have other names than Stable Diffusion's.

Shape suffixes: R network rows, B pictures, C H W latents.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import torch

from safesweep.dtypes import DTYPES
from safesweep.errors import InputError
from safesweep.models import FAMILIES
from safesweep.models.base import DiffusionModel
from safesweep.models.checkpoint import ModelFolder
from safesweep.models.solver import SolverTable, scheduler_from_name, solver_table
from safesweep.models.text import TextEmbedding, TextEncoder
from safesweep.types import Picture

NO_CLIPPING = {"clip_sample": False}


class LatentDiffusion(DiffusionModel):
    """Every call equals ``LDMTextToImagePipeline``."""

    COMPONENTS = ("vqvae", "bert", "tokenizer", "unet", "scheduler")
    SIDE = 8
    SOLVERS = ("DDIMScheduler", "LMSDiscreteScheduler", "PNDMScheduler")

    def __init__(self, pipe: Any, device: str = "cpu", dtype: str = "float32") -> None:
        super().__init__()
        self.device, self.dtype = torch.device(device), DTYPES[dtype]
        self._pipe = pipe.to(self.device, self.dtype)

    @classmethod
    def check(cls, folder: ModelFolder, index: Mapping[str, Any]) -> None:
        width = folder.read("bert/config.json")["d_model"]
        if folder.read("unet/config.json")["cross_attention_dim"] != width:
            raise InputError(f"{folder.path}/unet/config.json: cross_attention_dim; allowed: {width}")

    @classmethod
    def table(cls, folder: ModelFolder, solver: str, steps: int, width: int, height: int) -> SolverTable:
        return solver_table(
            scheduler_from_name(solver, folder.read("scheduler/scheduler_config.json"), NO_CLIPPING), steps
        )

    @classmethod
    def load(
        cls, path: str, device: str = "cpu", dtype: str = "float32", revision: str | None = None, **options: Any
    ) -> "LatentDiffusion":
        from diffusers import LDMTextToImagePipeline

        given = [key for key, value in options.items() if value is not None]
        if given:
            raise InputError(f"{path}: latent diffusion has no option {given[0]}")
        return cls(LDMTextToImagePipeline.from_pretrained(path, revision=revision), device, dtype)

    @property
    def encoders(self) -> tuple[TextEncoder, ...]:
        return (TextEncoder(self._pipe.tokenizer, self._pipe.bert, self.device),)

    def encode(self, text: str) -> TextEmbedding:
        [encoder] = self.encoders
        return TextEmbedding(encoder.hidden(encoder.ids(text))[0])

    def solver_table(self, name: str, steps: int, width: int, height: int) -> SolverTable:
        return solver_table(scheduler_from_name(name, self._pipe.scheduler.config, NO_CLIPPING), steps)

    def initial_noise(self, seed: int, width: int, height: int) -> torch.Tensor:
        shape = (1, self._pipe.unet.config.in_channels, height // 8, width // 8)
        return torch.randn(shape, generator=torch.Generator("cpu").manual_seed(seed))[0].to(self.device)

    def predict(
        self,
        latents_RCHW: torch.Tensor,
        timesteps_R: torch.Tensor,
        texts: Sequence[TextEmbedding],
        embedded_R: torch.Tensor | None = None,
    ) -> torch.Tensor:
        tokens = torch.stack([text.tokens for text in texts])
        predicted: torch.Tensor = self._pipe.unet(
            latents_RCHW.to(self.dtype), timesteps_R, encoder_hidden_states=tokens
        ).sample
        return predicted

    def freeze(self) -> None:
        self._pipe.unet.requires_grad_(False)

    @torch.inference_mode()
    def decode(self, latents_BCHW: torch.Tensor, batch: int) -> list[Picture]:
        vae = self._pipe.vqvae
        parts = torch.split(latents_BCHW.to(self.dtype) / vae.config.scaling_factor, batch)
        levels = torch.cat([(vae.decode(part).sample / 2 + 0.5).clamp(0, 1) * 255 for part in parts])
        return [np.ascontiguousarray(picture) for picture in levels.round().byte().permute(0, 2, 3, 1).cpu().numpy()]

    def preview(self, latents_BCHW: torch.Tensor, batch: int) -> list[Picture]:
        return self.decode(latents_BCHW, batch)


FAMILIES.add("LDMTextToImagePipeline", "tests.safesweep.models.latent_diffusion:LatentDiffusion")
