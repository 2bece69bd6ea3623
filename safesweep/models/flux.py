"""FLUX.1: T5's tokens and CLIP's pooled embedding condition the network; the guidance scale may be an input of it (dev).

Shape suffixes: R network rows, C H W latents, N picture tokens, P channels of a packed 2 × 2 patch, T text tokens.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING, ClassVar

import torch

from safesweep.models.flow import FlowModel
from safesweep.models.t5 import T5Encoder
from safesweep.models.text import TextEmbedding, TextEncoder, pooled_of

if TYPE_CHECKING:
    from diffusers import DiffusionPipeline


class Flux(FlowModel):
    """Every call equals ``FluxPipeline``. A guidance scale above 1 is the pipeline's ``true_cfg_scale``, with a negative prompt given, the
    empty one where a method has none; the one that the network takes is a cell's ``embedded_guidance``.
    """

    COMPONENTS: ClassVar[tuple[str, ...]] = (
        *("vae", "text_encoder", "tokenizer", "text_encoder_2", "tokenizer_2"),
        *("transformer", "scheduler"),
    )
    TEXT_TOKENS: ClassVar[int] = 512
    JOINED_ENCODERS: ClassVar[bool] = False

    @classmethod
    def read(cls, path: str, dtype: torch.dtype, revision: str | None) -> "DiffusionPipeline":
        from diffusers import FluxPipeline

        return FluxPipeline.from_pretrained(path, dtype=dtype, revision=revision, trust_remote_code=False)

    @property
    def channels(self) -> int:
        return int(self.network.config.in_channels) // 4

    @property
    def encoders(self) -> tuple[TextEncoder, ...]:
        """CLIP's, which gives the pooled embedding alone."""
        return (TextEncoder(self._pipe.tokenizer, self._pipe.text_encoder, self.device),)

    @property
    def _t5(self) -> T5Encoder:
        return T5Encoder(self._pipe.tokenizer_2, self._pipe.text_encoder_2, self.device, self.text_tokens)

    def lost(self, text: str) -> int:
        return self._t5.lost(text)

    text_tokens: int

    @torch.inference_mode()
    def encode(self, text: str) -> TextEmbedding:
        """T5's tokens, and CLIP's pooled embedding."""
        [clip] = self.encoders
        return TextEmbedding(self._t5.encode(text).to(self.dtype), clip.pooled(clip.ids(text))[0].to(self.dtype))

    def predict_together(
        self,
        latents_RCHW: torch.Tensor,
        timesteps_R: torch.Tensor,
        texts: Sequence[TextEmbedding],
        embedded_R: torch.Tensor | None,
    ) -> torch.Tensor:
        height, width = latents_RCHW.shape[-2:]
        tokens = torch.stack([text.tokens for text in texts])
        with self.casting():
            packed_RNP: torch.Tensor = self._called(
                hidden_states=pack(latents_RCHW.to(self.dtype)),
                timestep=timesteps_R.to(self.dtype) / 1000,
                guidance=embedded_R,
                pooled_projections=pooled_of(texts),
                encoder_hidden_states=tokens,
                txt_ids=tokens.new_zeros(tokens.shape[1], 3),
                img_ids=places(height // 2, width // 2).to(tokens),
                return_dict=False,
            )[0]
        return unpack(packed_RNP, height, width)


def pack(latents_RCHW: torch.Tensor) -> torch.Tensor:
    """Latents as tokens of 2 × 2 patches, [R, N, P] with P = 4C."""
    rows, channels, height, width = latents_RCHW.shape
    patches = latents_RCHW.reshape(rows, channels, height // 2, 2, width // 2, 2).permute(0, 2, 4, 1, 3, 5)
    return patches.reshape(rows, (height // 2) * (width // 2), 4 * channels)


def unpack(packed_RNP: torch.Tensor, height: int, width: int) -> torch.Tensor:
    """The inverse of ``pack`` for latents of ``height`` × ``width``."""
    rows, _, channels = packed_RNP.shape
    patches = packed_RNP.reshape(rows, height // 2, width // 2, channels // 4, 2, 2).permute(0, 3, 1, 4, 2, 5)
    return patches.reshape(rows, channels // 4, height, width)


def places(height: int, width: int) -> torch.Tensor:
    """Where each token stands, [N, 3]: 0, row, column."""
    rows, columns = torch.meshgrid(torch.arange(height), torch.arange(width), indexing="ij")
    return torch.stack([torch.zeros_like(rows), rows, columns], dim=-1).reshape(-1, 3)
