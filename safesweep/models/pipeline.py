"""What the families have in common whose checkpoints are a diffusers pipeline: a network in the latents of an autoencoder.

Shape suffixes: R network rows, B pictures, C H W latents.
"""

import contextlib
from abc import abstractmethod
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
import torch

from safesweep.dtypes import DTYPES
from safesweep.errors import InputError
from safesweep.libraries import quiet_libraries
from safesweep.models.base import DiffusionModel
from safesweep.models.variants.checkpoint import Checkpoint
from safesweep.types import Picture

if TYPE_CHECKING:  # importing it takes longer than all that a process needs which only checks a checkpoint
    from diffusers import AutoencoderTiny, DiffusionPipeline


class PipelineModel(DiffusionModel):
    """A network between text encoders and an autoencoder, built from a diffusers pipeline; options as ``safesweep.models.load`` has
    them."""

    NETWORK: ClassVar[str]
    """The pipeline's component that denoises."""
    MEMORY_FORMAT: ClassVar[torch.memory_format] = torch.contiguous_format
    """Of the network's weights and of the latents that go into it."""
    UPCASTS: ClassVar[bool] = False
    """Whether the pipeline decodes in float32 where its autoencoder asks for it (``force_upcast``) and the rest is float16."""

    def __init__(
        self,
        pipe: "DiffusionPipeline",
        device: str = "cpu",
        dtype: str = "float32",
        *,
        preview_decoder: "AutoencoderTiny | None" = None,
        autocast: str | None = None,
        compile_mode: str | None = None,
        text_tokens: int | None = None,
    ) -> None:
        super().__init__()
        self.device = torch.device(device)
        self.dtype = DTYPES[dtype]
        pipe.to(self.device)
        if getattr(pipe, self.NETWORK).dtype != self.dtype:
            pipe.to(self.dtype)
        self._pipe: Any = pipe
        self.network: Any = getattr(pipe, self.NETWORK).eval().to(memory_format=self.MEMORY_FORMAT)
        self._called = torch.compile(self.network, mode=compile_mode) if compile_mode else self.network
        self.text_tokens = self.TEXT_TOKENS if text_tokens is None else text_tokens
        self._autocast = DTYPES[autocast] if autocast else None
        self._vae = pipe.vae.eval()
        if self.UPCASTS and self.dtype == torch.float16 and pipe.vae.config.get("force_upcast"):
            self._vae.to(torch.float32)
        self._preview_vae, self._compile_mode = self._vae, compile_mode
        if preview_decoder is not None:
            self._preview_vae = preview_decoder.to(self.device, self.dtype).eval()

    @classmethod
    @abstractmethod
    def read(cls, path: str, dtype: torch.dtype, revision: str | None) -> "DiffusionPipeline":
        """The pipeline of a folder or hub id."""

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
        text_tokens: int | None = None,
    ) -> "DiffusionModel":
        from diffusers import AutoencoderTiny

        quiet_libraries()
        pipe = cls.read(path, DTYPES[dtype], revision)
        pipe.set_progress_bar_config(disable=True)
        tiny = AutoencoderTiny.from_pretrained(preview_decoder) if preview_decoder else None
        return cls(
            pipe,
            device,
            dtype,
            preview_decoder=tiny,
            autocast=autocast,
            compile_mode=compile_mode,
            text_tokens=text_tokens,
        )

    def with_checkpoint(self, checkpoint: Checkpoint) -> "DiffusionModel":
        from safesweep.models.variants.build import put_on

        pipe, tiny = self._pipe, self._preview_vae if self._preview_vae is not self._vae else None
        if checkpoint.model is not None:
            pipe = self.read(str(checkpoint.model.folder), self.dtype, None)
            pipe.set_progress_bar_config(disable=True)
            pipe.to(self.device, self.dtype)
        return type(self)(
            put_on(pipe, self.NETWORK, checkpoint),
            str(self.device),
            next(name for name, kind in DTYPES.items() if kind == self.dtype),
            preview_decoder=tiny,
            autocast=next((name for name, kind in DTYPES.items() if kind == self._autocast), None),
            compile_mode=self._compile_mode,
            text_tokens=self.text_tokens,
        )

    @property
    @abstractmethod
    def channels(self) -> int:
        """C of the latents."""

    def initial_noise(self, seed: int, width: int, height: int) -> torch.Tensor:
        if width % self.SIDE or height % self.SIDE:
            raise InputError(f"width {width}, height {height}: both must be multiples of {self.SIDE} pixels")
        factor = self._pipe.vae_scale_factor
        shape = (1, self.channels, height // factor, width // factor)
        generator = torch.Generator("cpu").manual_seed(seed)
        return torch.randn(shape, generator=generator, dtype=torch.float32)[0].to(self.device)

    def casting(self) -> contextlib.AbstractContextManager[Any]:
        """Where the network's matrix products run in another type than its weights have."""
        return torch.autocast(self.device.type, self._autocast) if self._autocast else contextlib.nullcontext()

    def freeze(self) -> None:
        self.network.requires_grad_(False)

    def decode(self, latents_BCHW: torch.Tensor, batch: int) -> list[Picture]:
        return decode(self._vae, latents_BCHW, batch)

    def preview(self, latents_BCHW: torch.Tensor, batch: int) -> list[Picture]:
        return decode(self._preview_vae, latents_BCHW, batch)

    def decoded(self, latents_BCHW: torch.Tensor) -> torch.Tensor:
        inner = _unscaled(latents_BCHW, self._vae.config).to(self._vae.dtype)
        pictures: torch.Tensor = self._vae.decode(inner, return_dict=False)[0]
        return pictures.float()

    @torch.inference_mode()
    def encoded(self, pictures: Sequence[Picture], batch: int) -> torch.Tensor:
        made = []
        for part in torch.split(from_pictures(pictures).to(self.device), batch):
            encoded = self._vae.encode(part.to(self._vae.dtype))
            latents = encoded.latents if "latents" in encoded else encoded.latent_dist.mode()
            made.append(_scaled(latents.float(), self._vae.config))
        return torch.cat(made)


@torch.inference_mode()
def decode(vae: Any, latents_BCHW: torch.Tensor, batch: int) -> list[Picture]:
    """Pictures of an autoencoder, ``batch`` latents at a time. Raises ``FloatingPointError`` for one that is not finite."""
    pictures: list[Picture] = []
    for part in torch.split(_unscaled(latents_BCHW, vae.config), batch):
        pictures += to_pictures(vae.decode(part.to(vae.dtype), return_dict=False)[0])
    return pictures


def to_pictures(decoded_B3HW: torch.Tensor) -> list[Picture]:
    """Pictures of what an autoencoder decoded, from -1 to 1. Raises ``FloatingPointError`` for one that is not finite."""
    if not torch.isfinite(decoded_B3HW).all():
        raise FloatingPointError(f"the autoencoder in {decoded_B3HW.dtype} made a picture that is not finite")
    levels = ((decoded_B3HW.float() / 2 + 0.5).clamp(0, 1) * 255).round().byte().permute(0, 2, 3, 1)
    return [np.ascontiguousarray(picture) for picture in levels.cpu().numpy()]


def from_pictures(pictures: Sequence[Picture]) -> torch.Tensor:
    """Pictures of one size as an autoencoder takes them, [B, 3, H, W] float32 from -1 to 1."""
    levels_BHW3 = torch.from_numpy(np.stack(pictures)).float() / 255
    return (levels_BHW3 * 2 - 1).permute(0, 3, 1, 2).contiguous()


def _scaled(latents_BCHW: torch.Tensor, config: Any) -> torch.Tensor:
    """``_unscaled``'s inverse."""
    mean, std = config.get("latents_mean"), config.get("latents_std")
    factor, shift = float(config.scaling_factor), config.get("shift_factor") or 0.0
    if mean is None or std is None:
        return (latents_BCHW - shift) * factor
    mean_C11, std_C11 = (latents_BCHW.new_tensor(numbers)[:, None, None] for numbers in (mean, std))
    return (latents_BCHW - mean_C11) / std_C11 * factor


def _unscaled(latents_BCHW: torch.Tensor, config: Any) -> torch.Tensor:
    """Latents in the autoencoder's own scale and about its own mean: its ``shift_factor``, or by channel ``latents_mean`` and
    ``latents_std``."""
    mean, std = config.get("latents_mean"), config.get("latents_std")
    factor, shift = float(config.scaling_factor), config.get("shift_factor")
    if mean is None or std is None:
        return latents_BCHW / factor + shift if shift else latents_BCHW / factor
    mean_C11, std_C11 = (latents_BCHW.new_tensor(numbers)[:, None, None] for numbers in (mean, std))
    return latents_BCHW * std_C11 / factor + mean_C11
