"""Stable Diffusion XL: two text encoders, a pooled embedding and the picture's size condition the network.

Shape suffixes: R network rows, C H W latents, N texts, T tokens, D embedding width.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

import torch

from safesweep.errors import InputError
from safesweep.models.checkpoint import ModelFolder
from safesweep.models.text import EMPTY, TextEmbedding, TextEncoder, pooled_of
from safesweep.models.unet import UnetModel

if TYPE_CHECKING:
    from diffusers import DiffusionPipeline

SIZES = 6
"""Numbers in the time ids: original size, crop corner, target size."""
CLIP_WIDTH = 512
"""Of a CLIP text config that leaves its default out."""


@dataclass(frozen=True)
class PenultimateEncoder(TextEncoder):
    """A text encoder whose hidden states are taken before its last layer and final norm, as SDXL takes them."""

    @torch.inference_mode()
    def hidden(self, ids: torch.Tensor) -> torch.Tensor:
        """Hidden states [N, T, D] before the last layer, of token ids [N, T]."""
        states: torch.Tensor = self.model(ids, output_hidden_states=True).hidden_states[-2]
        return states


class StableDiffusionXL(UnetModel):
    """SDXL and what has its pipeline's class. Every call equals ``StableDiffusionXLPipeline`` at its default sizes and crops."""

    COMPONENTS: ClassVar[tuple[str, ...]] = (*UnetModel.COMPONENTS, "text_encoder_2", "tokenizer_2")
    UPCASTS: ClassVar[bool] = True

    @classmethod
    def check(cls, folder: ModelFolder, index: Mapping[str, Any]) -> None:
        """The network must take SDXL's size conditions and be as wide as the two text encoders together make it."""
        super().check(folder, index)
        unet, first, second = (
            folder.read(f"{part}/config.json") for part in ("unet", "text_encoder", "text_encoder_2")
        )
        joined = first.get("hidden_size", CLIP_WIDTH) + second.get("hidden_size", CLIP_WIDTH)
        added = second.get("projection_dim", CLIP_WIDTH) + SIZES * (unet.get("addition_time_embed_dim") or 0)
        wanted = {
            "addition_embed_type": ("text_time", "SDXL's"),
            "cross_attention_dim": (joined, "the joined width of both text encoders"),
            "projection_class_embeddings_input_dim": (
                added,
                "the second encoder's projection and the embedded time ids",
            ),
        }
        for key, (value, why) in wanted.items():
            if unet.get(key) != value:
                raise InputError(
                    f"{folder.path}/unet/config.json: {key} is {unet.get(key)!r}; allowed: {value!r} ({why})"
                )

    @classmethod
    def read(cls, path: str, dtype: torch.dtype, revision: str | None) -> "DiffusionPipeline":
        from diffusers import StableDiffusionXLPipeline

        return StableDiffusionXLPipeline.from_pretrained(
            path, dtype=dtype, revision=revision, add_watermarker=False, trust_remote_code=False
        )

    @property
    def encoders(self) -> tuple[TextEncoder, ...]:
        pipe = self._pipe
        return (
            PenultimateEncoder(pipe.tokenizer, pipe.text_encoder, self.device),
            PenultimateEncoder(pipe.tokenizer_2, pipe.text_encoder_2, self.device),
        )

    @torch.inference_mode()
    def encode(self, text: str) -> TextEmbedding:
        """Hidden states of both encoders joined along the width, and the pooled embedding of the second.

        The empty text stands for "no negative prompt": zeros where the pipeline's config says ``force_zeros_for_empty_prompt``.
        """
        ids = [encoder.ids(text) for encoder in self.encoders]
        tokens = torch.cat([encoder.hidden(own)[0] for encoder, own in zip(self.encoders, ids, strict=True)], dim=-1)
        pooled = self.encoders[-1].pooled(ids[-1])[0]
        if text == EMPTY and self._pipe.config.force_zeros_for_empty_prompt:
            tokens, pooled = torch.zeros_like(tokens), torch.zeros_like(pooled)
        return TextEmbedding(tokens.to(self.dtype), pooled.to(self.dtype))

    def conditions(self, rows: torch.Tensor, texts: Sequence[TextEmbedding]) -> dict[str, Any]:
        """Pooled embeddings, and the time ids: original size, crop corner, target size, each height first, in pixels.

        As the pipeline's defaults have it, both sizes are the picture's own and nothing is cropped.
        """
        height, width = (side * self._pipe.vae_scale_factor for side in rows.shape[-2:])
        ids = rows.new_tensor([height, width, 0, 0, height, width]).expand(len(rows), -1)
        return {"added_cond_kwargs": {"text_embeds": pooled_of(texts), "time_ids": ids}}
