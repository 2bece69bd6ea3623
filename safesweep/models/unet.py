"""What the families have in common whose checkpoints are a UNet in the latents of an autoencoder, with a noise schedule of betas.

Shape suffixes: R network rows, B pictures, C H W latents, T tokens, D embedding width.
"""

import contextlib
from abc import abstractmethod
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
import torch

from safesweep.dtypes import DTYPES
from safesweep.errors import InputError
from safesweep.libraries import quiet_libraries
from safesweep.models.base import DiffusionModel
from safesweep.models.checkpoint import ModelFolder
from safesweep.models.probe import SUPPORTED
from safesweep.models.solver import SolverTable, scheduler_from_name, solver_table
from safesweep.models.text import TextEmbedding
from safesweep.types import Picture

if TYPE_CHECKING:  # importing it takes longer than all that a process needs which only checks a checkpoint
    from diffusers import AutoencoderTiny, DiffusionPipeline, SchedulerMixin

SIDE = 8
"""A picture's width and height are multiples of this, pixels."""


class UnetModel(DiffusionModel):
    """A UNet between text encoders and an autoencoder, built from a diffusers pipeline; options as ``safesweep.models.load`` has them."""

    COMPONENTS: ClassVar[tuple[str, ...]] = ("vae", "text_encoder", "tokenizer", "unet", "scheduler")
    SOLVERS: ClassVar[tuple[str, ...]] = SUPPORTED
    FORCED: ClassVar[Mapping[str, Any]] = {}
    """Values that the pipeline class gives to every scheduler that it is built with, whatever the checkpoint's config says."""
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
    ) -> None:
        super().__init__()
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

    @classmethod
    @abstractmethod
    def read(cls, path: str, dtype: torch.dtype, revision: str | None) -> "DiffusionPipeline":
        """The pipeline of a folder or hub id."""

    @classmethod
    def check(cls, folder: ModelFolder, index: Mapping[str, Any]) -> None:
        config = folder.read("scheduler/scheduler_config.json")
        if "beta_schedule" not in config:
            raise InputError(
                f"{folder.path}/scheduler/scheduler_config.json: {config.get('_class_name')} has no beta_schedule; "
                "allowed: a checkpoint trained on a noise schedule of betas, as Stable Diffusion and SDXL are"
            )
        distilled = folder.read("unet/config.json").get("time_cond_proj_dim")
        if distilled is not None:
            raise InputError(
                f"{folder.path}/unet/config.json: time_cond_proj_dim is {distilled!r}; allowed: None "
                "(a network distilled to take the guidance scale as an input cannot be guided otherwise)"
            )

    @classmethod
    def table(cls, folder: ModelFolder, solver: str, steps: int) -> SolverTable:
        return solver_table(
            scheduler_from_name(solver, folder.read("scheduler/scheduler_config.json"), cls.FORCED), steps
        )

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
        from diffusers import AutoencoderTiny

        quiet_libraries()
        pipe = cls.read(path, DTYPES[dtype], revision)
        pipe.set_progress_bar_config(disable=True)
        tiny = AutoencoderTiny.from_pretrained(preview_decoder) if preview_decoder else None
        return cls(pipe, device, dtype, preview_decoder=tiny, autocast=autocast, compile_mode=compile_mode)

    def scheduler(self, name: str) -> "SchedulerMixin":
        """The scheduler class ``name`` on this model's noise schedule. Raises ``UnsupportedSchedulerError``."""
        return scheduler_from_name(name, self._pipe.scheduler.config, self.FORCED)

    def solver_table(self, name: str, steps: int) -> SolverTable:
        return solver_table(self.scheduler(name), steps)

    def initial_noise(self, seed: int, width: int, height: int) -> torch.Tensor:
        if width % SIDE or height % SIDE:
            raise InputError(f"width {width}, height {height}: both must be multiples of {SIDE} pixels")
        factor = self._pipe.vae_scale_factor
        shape = (1, self.unet.config.in_channels, height // factor, width // factor)
        generator = torch.Generator("cpu").manual_seed(seed)
        return torch.randn(shape, generator=generator, dtype=torch.float32)[0].to(self.device)

    def predict(
        self, latents_RCHW: torch.Tensor, timesteps_R: torch.Tensor, texts: Sequence[TextEmbedding]
    ) -> torch.Tensor:
        rows = latents_RCHW.to(self.dtype).contiguous(memory_format=torch.channels_last)
        tokens = torch.stack([text.tokens for text in texts])
        casting = torch.autocast(self.device.type, self._autocast) if self._autocast else contextlib.nullcontext()
        with casting:
            predicted: torch.Tensor = self._network(
                rows, timesteps_R, encoder_hidden_states=tokens, return_dict=False, **self.conditions(rows, texts)
            )[0]
        return predicted

    def conditions(self, rows: torch.Tensor, texts: Sequence[TextEmbedding]) -> dict[str, Any]:
        """Further inputs of the network, one row each."""
        return {}

    def freeze(self) -> None:
        self.unet.requires_grad_(False)

    def decode(self, latents_BCHW: torch.Tensor, batch: int) -> list[Picture]:
        return decode(self._vae, latents_BCHW, batch)

    def preview(self, latents_BCHW: torch.Tensor, batch: int) -> list[Picture]:
        return decode(self._preview_vae, latents_BCHW, batch)


@torch.inference_mode()
def decode(vae: Any, latents_BCHW: torch.Tensor, batch: int) -> list[Picture]:
    """Pictures of an autoencoder, ``batch`` latents at a time. Raises ``FloatingPointError`` for one that is not finite."""
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
