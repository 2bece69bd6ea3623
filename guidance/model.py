"""The diffusion model: the components of a diffusers pipeline behind the few calls that the engine makes.

Shape suffixes: R network rows, B pictures, C H W latents, T tokens, D embedding width.
"""

import contextlib
from collections import OrderedDict
from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from diffusers import AutoencoderTiny, SchedulerMixin, StableDiffusionPipeline

from guidance.libraries import quiet_libraries
from guidance.solver import scheduler_from_name
from guidance.text import EditedText, Text, TextEmbedding, TextEncoder
from guidance.trajectory import Picture

DTYPES = {"float32": torch.float32, "float16": torch.float16, "bfloat16": torch.bfloat16}
KEPT_TEXTS = 2048
"""Embeddings kept, the latest used: memory must not grow with the number of prompts."""


class DiffusionModel:
    """Stable Diffusion 1.x/2.x: text encoder, denoising network, decoder.

    ``preview_decoder``: a tiny autoencoder for previews only; finished pictures always go through the pipeline's own.
    ``autocast``: run the network's matrix products in this type while its weights stay in ``dtype``.
    ``compile_mode``: hand the network to ``torch.compile`` in this mode; the engine's few batch sizes keep recompiles few.
    """

    def __init__(
        self,
        pipe: StableDiffusionPipeline,
        device: str = "cpu",
        dtype: str = "float32",
        *,
        preview_decoder: AutoencoderTiny | None = None,
        autocast: str | None = None,
        compile_mode: str | None = None,
    ) -> None:
        self.device = torch.device(device)
        self.dtype = DTYPES[dtype]
        pipe.to(self.device)
        if pipe.unet.dtype != self.dtype:
            pipe.to(self.dtype)
        self._pipe = pipe
        self.unet: Any = pipe.unet.eval().to(memory_format=torch.channels_last)
        self._network = torch.compile(self.unet, mode=compile_mode) if compile_mode else self.unet
        self._autocast = DTYPES[autocast] if autocast else None
        self._vae = pipe.vae.eval()
        self._preview_vae = self._vae
        if preview_decoder is not None:
            self._preview_vae = preview_decoder.to(self.device, self.dtype).eval()
        self._embeddings: OrderedDict[str, TextEmbedding] = OrderedDict()

    @classmethod
    def load(
        cls,
        path: str,
        device: str = "cpu",
        dtype: str = "float32",
        revision: str | None = None,
        *,
        preview_decoder: str | None = None,
        autocast: str | None = None,
        compile_mode: str | None = None,
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
        tiny = AutoencoderTiny.from_pretrained(preview_decoder) if preview_decoder else None
        return cls(pipe, device, dtype, preview_decoder=tiny, autocast=autocast, compile_mode=compile_mode)

    @property
    def encoders(self) -> tuple[TextEncoder, ...]:
        """The pipeline's text encoders."""
        return (TextEncoder(self._pipe.tokenizer, self._pipe.text_encoder, self.device),)

    def scheduler(self, name: str) -> SchedulerMixin:
        """The scheduler class ``name`` on this model's noise schedule."""
        return scheduler_from_name(name, dict(self._pipe.scheduler.config))

    def embed(self, text: Text) -> TextEmbedding:
        """The embedding of a text; each is encoded once, by itself, so that it never depends on other texts."""
        if isinstance(text, EditedText):
            return text.embedding
        if text in self._embeddings:
            self._embeddings.move_to_end(text)
        else:
            self._embeddings[text] = self._encode(text)
            if len(self._embeddings) > KEPT_TEXTS:
                self._embeddings.popitem(last=False)
        return self._embeddings[text]

    @torch.inference_mode()
    def _encode(self, text: str) -> TextEmbedding:
        [encoder] = self.encoders
        return TextEmbedding(encoder.hidden(encoder.ids(text))[0].to(self.dtype))

    def initial_noise(self, seed: int, width: int, height: int) -> torch.Tensor:
        """Unit noise [C, H, W], float32, drawn on the CPU as diffusers draws it from ``torch.Generator("cpu")``."""
        factor = self._pipe.vae_scale_factor
        shape = (1, self.unet.config.in_channels, height // factor, width // factor)
        generator = torch.Generator("cpu").manual_seed(seed)
        return torch.randn(shape, generator=generator, dtype=torch.float32)[0].to(self.device)

    @torch.inference_mode()
    def noise(
        self, latents_RCHW: torch.Tensor, timesteps_R: torch.Tensor, texts: Sequence[TextEmbedding]
    ) -> torch.Tensor:
        """Noise (or v) predictions [R, C, H, W] in float32; latents come in float32, each row at its own timestep."""
        return self.predict(latents_RCHW, timesteps_R, texts).float().contiguous()

    def predict(
        self, latents_RCHW: torch.Tensor, timesteps_R: torch.Tensor, texts: Sequence[TextEmbedding]
    ) -> torch.Tensor:
        """``noise`` in the network's own dtype, and with gradients where the caller records them (discovery does)."""
        rows = latents_RCHW.to(self.dtype).contiguous(memory_format=torch.channels_last)
        tokens = torch.stack([text.tokens for text in texts])
        casting = torch.autocast(self.device.type, self._autocast) if self._autocast else contextlib.nullcontext()
        with casting:
            predicted: torch.Tensor = self._network(
                rows, timesteps_R, encoder_hidden_states=tokens, return_dict=False, **self._conditions(rows, texts)
            )[0]
        return predicted

    def _conditions(self, rows: torch.Tensor, texts: Sequence[TextEmbedding]) -> dict[str, Any]:
        """Further inputs of the network, one row each."""
        return {}

    def decode(self, latents_BCHW: torch.Tensor, batch: int) -> list[Picture]:
        """Clean latents to pictures, ``batch`` at a time (1 makes a picture independent of its neighbours bit for bit)."""
        return self._decode(self._vae, latents_BCHW, batch)

    def preview(self, latents_BCHW: torch.Tensor, batch: int) -> list[Picture]:
        """Predicted clean latents to previews, by the preview decoder."""
        return self._decode(self._preview_vae, latents_BCHW, batch)

    @torch.inference_mode()
    def _decode(self, vae: Any, latents_BCHW: torch.Tensor, batch: int) -> list[Picture]:
        pictures: list[Picture] = []
        scaled = latents_BCHW / vae.config.scaling_factor
        for part in torch.split(scaled, batch):
            decoded = vae.decode(part.to(self.dtype), return_dict=False)[0]
            levels = ((decoded.float() / 2 + 0.5).clamp(0, 1) * 255).round().byte().permute(0, 2, 3, 1)
            pictures += [np.ascontiguousarray(picture) for picture in levels.cpu().numpy()]
        return pictures
