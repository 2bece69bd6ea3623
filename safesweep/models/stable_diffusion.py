"""The diffusion model: the components of a diffusers pipeline behind the few calls that the engine makes.

This is Stable Diffusion 1.x and 2.x; ``safesweep/models/sdxl.py`` is SDXL. ``DiffusionModel.load`` picks the class.

Shape suffixes: R network rows, B pictures, C H W latents, T tokens, D embedding width.
"""

import contextlib
from collections import OrderedDict
from collections.abc import Sequence
from typing import Any, ClassVar

import numpy as np
import torch
from diffusers import AutoencoderTiny, DiffusionPipeline, SchedulerMixin, StableDiffusionPipeline

from safesweep.dtypes import DTYPES
from safesweep.errors import InputError
from safesweep.libraries import quiet_libraries
from safesweep.models.checkpoint import pipeline_class
from safesweep.models.solver import scheduler_from_name
from safesweep.models.text import EditedText, Text, TextEmbedding, TextEncoder
from safesweep.types import Picture

SIDE = 8
"""A picture's width and height are multiples of this, pixels."""
KEPT_TEXTS = 2048
"""Embeddings kept, the latest used: memory must not grow with the number of prompts."""


class DiffusionModel:
    """Stable Diffusion 1.x/2.x: text encoder, denoising network, decoder. Built from a pipeline of ``PIPELINE``.

    ``preview_decoder``: a tiny autoencoder for previews only; finished pictures always go through the pipeline's own.
    ``autocast``: run the network's matrix products in this type while its weights stay in ``dtype``.
    ``compile_mode``: hand the network to ``torch.compile`` in this mode; the engine's few batch sizes keep recompiles few.
    """

    PIPELINE: ClassVar[type[DiffusionPipeline]] = StableDiffusionPipeline
    READING: ClassVar[dict[str, Any]] = {"safety_checker": None, "requires_safety_checker": False}
    """What its ``from_pretrained`` is told besides."""
    UPCASTS: ClassVar[bool] = False
    """Whether the pipeline decodes in float32 where its autoencoder asks for it (``force_upcast``) and the rest is float16."""

    def __init__(
        self,
        pipe: DiffusionPipeline,
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
        self._pipe: Any = pipe
        self.unet: Any = pipe.unet.eval().to(memory_format=torch.channels_last)
        self._network = torch.compile(self.unet, mode=compile_mode) if compile_mode else self.unet
        self._autocast = DTYPES[autocast] if autocast else None
        self._vae = pipe.vae.eval()
        if self.UPCASTS and self.dtype == torch.float16 and pipe.vae.config.get("force_upcast"):
            self._vae.to(torch.float32)
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
        """From a local folder or a hub id; the model's class is the one for the pipeline that ``model_index.json`` names.

        Raises ``OSError`` when the folder or the hub's answer is not a pipeline, ``InputError`` when it is one of another kind.
        """
        from safesweep.models.sdxl import SdxlModel  # a subclass of this one

        quiet_libraries()
        named = pipeline_class(DiffusionPipeline.load_config(path, revision=revision), path)
        [kind] = [kind for kind in (DiffusionModel, SdxlModel) if kind.PIPELINE.__name__ == named]
        pipe = kind.PIPELINE.from_pretrained(path, dtype=DTYPES[dtype], revision=revision, **kind.READING)
        pipe.set_progress_bar_config(disable=True)
        tiny = AutoencoderTiny.from_pretrained(preview_decoder) if preview_decoder else None
        return kind(pipe, device, dtype, preview_decoder=tiny, autocast=autocast, compile_mode=compile_mode)

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
        """Unit noise [C, H, W], float32, drawn on the CPU as diffusers draws it from ``torch.Generator("cpu")``.

        ``width`` and ``height`` in pixels; raises ``InputError`` where they are not multiples of 8.
        """
        if width % SIDE or height % SIDE:
            raise InputError(f"width {width}, height {height}: both must be multiples of {SIDE} pixels")
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
        """Clean latents to pictures, ``batch`` at a time (1 makes a picture independent of its neighbours bit for bit).

        Raises ``FloatingPointError`` rather than give a black picture for one that is not finite, as an autoencoder in float16 may.
        """
        return self._decode(self._vae, latents_BCHW, batch)

    def preview(self, latents_BCHW: torch.Tensor, batch: int) -> list[Picture]:
        """Predicted clean latents to previews, by the preview decoder."""
        return self._decode(self._preview_vae, latents_BCHW, batch)

    @torch.inference_mode()
    def _decode(self, vae: Any, latents_BCHW: torch.Tensor, batch: int) -> list[Picture]:
        pictures: list[Picture] = []
        for part in torch.split(_unscaled(latents_BCHW, vae.config), batch):
            decoded = vae.decode(part.to(vae.dtype), return_dict=False)[0]
            if not torch.isfinite(decoded).all():
                raise FloatingPointError(f"the autoencoder in {vae.dtype} made a picture that is not finite")
            levels = ((decoded.float() / 2 + 0.5).clamp(0, 1) * 255).round().byte().permute(0, 2, 3, 1)
            pictures += [np.ascontiguousarray(picture) for picture in levels.cpu().numpy()]
        return pictures


def _unscaled(latents_BCHW: torch.Tensor, config: Any) -> torch.Tensor:
    """Latents in the autoencoder's own scale, and about its own mean where its config has ``latents_mean`` and ``latents_std``."""
    mean, std = config.get("latents_mean"), config.get("latents_std")
    factor = float(config.scaling_factor)
    if mean is None or std is None:
        return latents_BCHW / factor
    mean_C11, std_C11 = (latents_BCHW.new_tensor(numbers)[:, None, None] for numbers in (mean, std))
    return latents_BCHW * std_C11 / factor + mean_C11
