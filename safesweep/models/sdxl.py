"""Stable Diffusion XL: two text encoders, a pooled embedding and the picture's size condition the network.

Shape suffixes as in ``safesweep/models/stable_diffusion.py``: R network rows, C H W latents, N texts, T tokens, D embedding width.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import torch
from diffusers import DiffusionPipeline, StableDiffusionXLPipeline

from safesweep.models.stable_diffusion import DiffusionModel
from safesweep.models.text import EMPTY, TextEmbedding, TextEncoder


@dataclass(frozen=True)
class PenultimateEncoder(TextEncoder):
    """A text encoder whose hidden states are taken before its last layer and final norm, as SDXL takes them."""

    @torch.inference_mode()
    def hidden(self, ids: torch.Tensor) -> torch.Tensor:
        """Hidden states [N, T, D] before the last layer, of token ids [N, T]."""
        states: torch.Tensor = self.model(ids, output_hidden_states=True).hidden_states[-2]
        return states


class SdxlModel(DiffusionModel):
    """SDXL and what has its pipeline's class. Every call equals ``StableDiffusionXLPipeline`` at its default sizes and crops."""

    PIPELINE: ClassVar[type[DiffusionPipeline]] = StableDiffusionXLPipeline
    READING: ClassVar[dict[str, Any]] = {"add_watermarker": False}
    UPCASTS: ClassVar[bool] = True

    @property
    def encoders(self) -> tuple[TextEncoder, ...]:
        """Both text encoders, in the order in which their hidden states are joined."""
        pipe = self._pipe
        return (
            PenultimateEncoder(pipe.tokenizer, pipe.text_encoder, self.device),
            PenultimateEncoder(pipe.tokenizer_2, pipe.text_encoder_2, self.device),
        )

    @torch.inference_mode()
    def _encode(self, text: str) -> TextEmbedding:
        """Hidden states of both encoders joined along the width, and the pooled embedding of the second.

        The empty text stands for "no negative prompt": zeros where the pipeline's config says ``force_zeros_for_empty_prompt``.
        """
        ids = [encoder.ids(text) for encoder in self.encoders]
        tokens = torch.cat([encoder.hidden(own)[0] for encoder, own in zip(self.encoders, ids, strict=True)], dim=-1)
        pooled = self.encoders[-1].pooled(ids[-1])[0]
        if text == EMPTY and self._pipe.config.force_zeros_for_empty_prompt:
            tokens, pooled = torch.zeros_like(tokens), torch.zeros_like(pooled)
        return TextEmbedding(tokens.to(self.dtype), pooled.to(self.dtype))

    def _conditions(self, rows: torch.Tensor, texts: Sequence[TextEmbedding]) -> dict[str, Any]:
        """Pooled embeddings, and the time ids: original size, crop corner, target size, each height first, in pixels.

        As the pipeline's defaults have it, both sizes are the picture's own and nothing is cropped.
        """
        pooled = [text.pooled for text in texts if text.pooled is not None]
        if len(pooled) < len(texts):
            raise ValueError("a text embedding has no pooled part, which SDXL needs")
        height, width = (side * self._pipe.vae_scale_factor for side in rows.shape[-2:])
        ids = rows.new_tensor([height, width, 0, 0, height, width]).expand(len(rows), -1)
        return {"added_cond_kwargs": {"text_embeds": torch.stack(pooled), "time_ids": ids}}
