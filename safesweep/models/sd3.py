"""Stable Diffusion 3 and 3.5: two CLIP encoders and, where the checkpoint has it, T5 condition the network; Esser et al. 2024.

Shape suffixes: R network rows, C H W latents, T tokens, D embedding width.
"""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar

import torch

from safesweep.models.flow import FlowModel, padded
from safesweep.models.sdxl import PenultimateEncoder
from safesweep.models.t5 import T5Encoder
from safesweep.models.text import TextEmbedding, TextEncoder, pooled_of

if TYPE_CHECKING:
    from diffusers import DiffusionPipeline

T5_TOKENS = 256
"""The pipeline's default ``max_sequence_length``."""


class StableDiffusion3(FlowModel):
    """Every call equals ``StableDiffusion3Pipeline``. Skip-layer guidance is not taken."""

    COMPONENTS: ClassVar[tuple[str, ...]] = (
        *("vae", "text_encoder", "tokenizer", "text_encoder_2", "tokenizer_2"),
        *("transformer", "scheduler"),
    )
    SIDE: ClassVar[int] = 16
    MAX_SHIFT: ClassVar[float] = 1.16
    OWN_SIGMAS: ClassVar[bool] = False

    @classmethod
    def read(cls, path: str, dtype: torch.dtype, revision: str | None) -> "DiffusionPipeline":
        from diffusers import StableDiffusion3Pipeline

        return StableDiffusion3Pipeline.from_pretrained(path, dtype=dtype, revision=revision)

    @classmethod
    def tokens(cls, network: Mapping[str, Any], vae_scale: int, width: int, height: int) -> int:
        patch = vae_scale * int(network["patch_size"])
        return (width // patch) * (height // patch)

    @property
    def channels(self) -> int:
        return int(self.network.config.in_channels)

    @property
    def encoders(self) -> tuple[TextEncoder, ...]:
        """The two CLIP encoders, joined along the width; T5's tokens stand behind theirs."""
        pipe = self._pipe
        return (
            PenultimateEncoder(pipe.tokenizer, pipe.text_encoder, self.device),
            PenultimateEncoder(pipe.tokenizer_2, pipe.text_encoder_2, self.device),
        )

    @torch.inference_mode()
    def encode(self, text: str) -> TextEmbedding:
        """CLIP's tokens, joined along the width and padded to T5's, then T5's, or zeros where the checkpoint has none; both pooled
        embeddings of CLIP."""
        pipe, width = self._pipe, int(self.network.config.joint_attention_dim)
        ids = [encoder.ids(text) for encoder in self.encoders]
        clip = torch.cat([encoder.hidden(own)[0] for encoder, own in zip(self.encoders, ids, strict=True)], dim=-1)
        pooled = [encoder.pooled(own)[0] for encoder, own in zip(self.encoders, ids, strict=True)]
        if pipe.text_encoder_3 is None:
            behind = clip.new_zeros(T5_TOKENS, width)
        else:
            behind = T5Encoder(pipe.tokenizer_3, pipe.text_encoder_3, self.device, T5_TOKENS).encode(text)
        tokens = torch.cat([padded(clip, width), behind.to(clip.dtype)])
        return TextEmbedding(tokens.to(self.dtype), torch.cat(pooled).to(self.dtype))

    def predict_together(
        self,
        latents_RCHW: torch.Tensor,
        timesteps_R: torch.Tensor,
        texts: Sequence[TextEmbedding],
        embedded_R: torch.Tensor | None,
    ) -> torch.Tensor:
        with self.casting():
            predicted: torch.Tensor = self._called(
                hidden_states=latents_RCHW.to(self.dtype),
                timestep=timesteps_R,
                encoder_hidden_states=torch.stack([text.tokens for text in texts]),
                pooled_projections=pooled_of(texts),
                return_dict=False,
            )[0]
        return predicted
