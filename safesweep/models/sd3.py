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


class StableDiffusion3(FlowModel):
    """Every call equals ``StableDiffusion3Pipeline``. Skip-layer guidance is not taken."""

    COMPONENTS: ClassVar[tuple[str, ...]] = (
        *("vae", "text_encoder", "tokenizer", "text_encoder_2", "tokenizer_2"),
        *("transformer", "scheduler"),
    )
    TEXT_TOKENS: ClassVar[int] = 256
    MAX_SHIFT: ClassVar[float] = 1.16
    OWN_SIGMAS: ClassVar[bool] = False

    @classmethod
    def read(cls, path: str, dtype: torch.dtype, revision: str | None) -> "DiffusionPipeline":
        from diffusers import StableDiffusion3Pipeline

        index = StableDiffusion3Pipeline.load_config(path, revision=revision)
        # T5 may be left out, but diffusers wants to be told
        absent = {part: None for part in ("text_encoder_3", "tokenizer_3") if not (index.get(part) or [None])[0]}
        return StableDiffusion3Pipeline.from_pretrained(
            path, dtype=dtype, revision=revision, trust_remote_code=False, **absent
        )

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

    @property
    def _t5(self) -> T5Encoder | None:
        pipe = self._pipe
        if pipe.text_encoder_3 is None:
            return None
        return T5Encoder(pipe.tokenizer_3, pipe.text_encoder_3, self.device, self.text_tokens)

    def lost(self, text: str) -> int:
        """Of T5, which takes more than CLIP does; of CLIP where there is none."""
        return super().lost(text) if self._t5 is None else self._t5.lost(text)

    text_tokens: int

    @torch.inference_mode()
    def encode(self, text: str) -> TextEmbedding:
        """CLIP's tokens, joined along the width and padded to T5's, then T5's, or zeros where the checkpoint has none; both pooled
        embeddings of CLIP."""
        width = int(self.network.config.joint_attention_dim)
        ids = [encoder.ids(text) for encoder in self.encoders]
        clip = torch.cat([encoder.hidden(own)[0] for encoder, own in zip(self.encoders, ids, strict=True)], dim=-1)
        pooled = [encoder.pooled(own)[0] for encoder, own in zip(self.encoders, ids, strict=True)]
        t5 = self._t5
        behind = clip.new_zeros(self.text_tokens, width) if t5 is None else t5.encode(text)
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
