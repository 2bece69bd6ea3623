"""The diffusion model: the components of a diffusers pipeline behind the four calls that the engine makes.

Shape suffixes: R network rows, B pictures, C H W latents, T tokens, D embedding width.
"""

from collections import OrderedDict
from collections.abc import Sequence

import numpy as np
import torch
from diffusers import SchedulerMixin, StableDiffusionPipeline

from guidance.libraries import quiet_libraries
from guidance.solver import scheduler_from_name
from guidance.trajectory import Picture

DTYPES = {"float32": torch.float32, "float16": torch.float16, "bfloat16": torch.bfloat16}


KEPT_TEXTS = 2048
"""Embeddings kept, the latest used: memory must not grow with the number of prompts."""


class DiffusionModel:
    """Stable Diffusion 1.x/2.x: text encoder, denoising network, decoder."""

    def __init__(self, pipe: StableDiffusionPipeline, device: str = "cpu", dtype: str = "float32") -> None:
        self.device = torch.device(device)
        self.dtype = DTYPES[dtype]
        pipe.to(self.device)
        if pipe.unet.dtype != self.dtype:
            pipe.to(self.dtype)
        self._pipe = pipe
        self._unet = pipe.unet.eval().to(memory_format=torch.channels_last)
        self._vae = pipe.vae.eval()
        self._embeddings: OrderedDict[str, torch.Tensor] = OrderedDict()

    @classmethod
    def load(
        cls, path: str, device: str = "cpu", dtype: str = "float32", revision: str | None = None
    ) -> "DiffusionModel":
        """From a local folder or a hub id, as ``StableDiffusionPipeline.from_pretrained`` takes it.

        Raises ``OSError`` when the folder or the hub's answer is not a pipeline.
        """
        quiet_libraries()
        pipe = StableDiffusionPipeline.from_pretrained(
            path,
            dtype=DTYPES[dtype],
            revision=revision,
            safety_checker=None,
            requires_safety_checker=False,
        )
        pipe.set_progress_bar_config(disable=True)
        return cls(pipe, device, dtype)

    def scheduler(self, name: str) -> SchedulerMixin:
        """The scheduler class ``name`` on this model's noise schedule."""
        return scheduler_from_name(name, dict(self._pipe.scheduler.config))

    @torch.inference_mode()
    def embed(self, text: str) -> torch.Tensor:
        """Text embedding [T, D]; each text is encoded once, by itself, so that it never depends on other texts."""
        if text in self._embeddings:
            self._embeddings.move_to_end(text)
        else:
            tokenizer = self._pipe.tokenizer
            tokens = tokenizer(
                text, padding="max_length", truncation=True, max_length=tokenizer.model_max_length, return_tensors="pt"
            )
            hidden = self._pipe.text_encoder(tokens.input_ids.to(self.device))[0]
            self._embeddings[text] = hidden[0].to(self.dtype)
            if len(self._embeddings) > KEPT_TEXTS:
                self._embeddings.popitem(last=False)
        return self._embeddings[text]

    def initial_noise(self, seed: int, width: int, height: int) -> torch.Tensor:
        """Unit noise [C, H, W], float32, drawn on the CPU as diffusers draws it from ``torch.Generator("cpu")``."""
        factor = self._pipe.vae_scale_factor
        shape = (1, self._unet.config.in_channels, height // factor, width // factor)
        generator = torch.Generator("cpu").manual_seed(seed)
        return torch.randn(shape, generator=generator, dtype=torch.float32)[0].to(self.device)

    @torch.inference_mode()
    def noise(self, latents_RCHW: torch.Tensor, timesteps_R: torch.Tensor, text_RTD: torch.Tensor) -> torch.Tensor:
        """Noise (or v) predictions [R, C, H, W] in float32; latents come in float32, each row at its own timestep."""
        rows = latents_RCHW.to(self.dtype).contiguous(memory_format=torch.channels_last)
        predicted: torch.Tensor = self._unet(rows, timesteps_R, encoder_hidden_states=text_RTD, return_dict=False)[0]
        return predicted.float().contiguous()

    @torch.inference_mode()
    def decode(self, latents_BCHW: torch.Tensor, batch: int) -> list[Picture]:
        """Clean latents to pictures, ``batch`` at a time (1 makes a picture independent of its neighbours bit for bit)."""
        pictures: list[Picture] = []
        for part in torch.split(latents_BCHW, batch):
            decoded = self._vae.decode((part / self._vae.config.scaling_factor).to(self.dtype), return_dict=False)[0]
            levels = ((decoded.float() / 2 + 0.5).clamp(0, 1) * 255).round().byte().permute(0, 2, 3, 1)
            pictures += [np.ascontiguousarray(picture) for picture in levels.cpu().numpy()]
        return pictures

    def embeddings(self, texts: Sequence[str]) -> torch.Tensor:
        """Text embeddings [R, T, D] of a row each."""
        return torch.stack([self.embed(text) for text in texts])
