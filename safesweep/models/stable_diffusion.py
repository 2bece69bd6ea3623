"""Stable Diffusion 1.x and 2.x, and what has their pipeline's class: one text encoder conditions the network."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, ClassVar

import torch

from safesweep.models.text import TextEmbedding, TextEncoder
from safesweep.models.unet import UnetModel

if TYPE_CHECKING:
    from diffusers import DiffusionPipeline


class StableDiffusion(UnetModel):
    """Every call equals ``StableDiffusionPipeline``; its safety checker is a scorer of its own here."""

    FORCED: ClassVar[Mapping[str, Any]] = {"steps_offset": 1, "clip_sample": False}
    """As the pipeline's constructor corrects them."""

    @classmethod
    def read(cls, path: str, dtype: torch.dtype, revision: str | None) -> "DiffusionPipeline":
        from diffusers import StableDiffusionPipeline

        options = {"safety_checker": None, "requires_safety_checker": False}
        return StableDiffusionPipeline.from_pretrained(
            path, dtype=dtype, revision=revision, trust_remote_code=False, **options
        )

    @property
    def encoders(self) -> tuple[TextEncoder, ...]:
        return (TextEncoder(self._pipe.tokenizer, self._pipe.text_encoder, self.device),)

    @torch.inference_mode()
    def encode(self, text: str) -> TextEmbedding:
        [encoder] = self.encoders
        return TextEmbedding(encoder.hidden(encoder.ids(text))[0].to(self.dtype))
