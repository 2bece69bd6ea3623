"""Qwen-Image: a vision-language model's hidden states of any length condition the network; what guidance makes is brought back to the
norm of the conditional prediction, token by token.

Shape suffixes: R network rows, B pictures, C H W latents, N picture tokens, P channels of a packed 2 × 2 patch, T text tokens.
"""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar

import torch

from safesweep.models.flow import FlowModel
from safesweep.models.flux import pack, unpack
from safesweep.models.pipeline import from_pictures, to_pictures
from safesweep.models.text import TextEmbedding, TextEncoder
from safesweep.tokenizing import tokenized
from safesweep.types import Picture

if TYPE_CHECKING:
    from diffusers import DiffusionPipeline

TEXT_TOKENS = 1024
"""The most that the pipeline takes, its template apart."""


class QwenImage(FlowModel):
    """Every call equals ``QwenImagePipeline``; a guidance scale above 1 is its ``true_cfg_scale`` with a negative prompt, the empty one
    where a method has none."""

    COMPONENTS: ClassVar[tuple[str, ...]] = ("vae", "text_encoder", "tokenizer", "transformer", "scheduler")
    FIXED_LENGTH: ClassVar[bool] = False
    JOINED_ENCODERS: ClassVar[bool] = False

    @classmethod
    def read(cls, path: str, dtype: torch.dtype, revision: str | None) -> "DiffusionPipeline":
        from diffusers import QwenImagePipeline

        return QwenImagePipeline.from_pretrained(path, dtype=dtype, revision=revision, trust_remote_code=False)

    @classmethod
    def vae_scale(cls, vae: Mapping[str, Any]) -> int:
        return int(2 ** len(vae.get("temperal_downsample") or (False, True, True)))

    @property
    def channels(self) -> int:
        return int(self.network.config.in_channels) // 4

    @property
    def encoders(self) -> tuple[TextEncoder, ...]:
        return ()

    def lost(self, text: str) -> int:
        pipe = self._pipe
        whole = tokenized(pipe.tokenizer, pipe.prompt_template_encode.format(text), verbose=False).input_ids
        return max(0, len(whole) - TEXT_TOKENS - int(pipe.prompt_template_encode_start_idx))

    @torch.inference_mode()
    def encode(self, text: str) -> TextEmbedding:
        """The last hidden states of the text in the pipeline's template, the template's own beginning cut off; [T, D], T the text's."""
        pipe = self._pipe
        dropped = int(pipe.prompt_template_encode_start_idx)
        ids = tokenized(
            pipe.tokenizer,
            [pipe.prompt_template_encode.format(text)],
            max_length=TEXT_TOKENS + dropped,
            padding=True,
            truncation=True,
            return_tensors="pt",
        ).to(self.device)
        made = pipe.text_encoder(
            input_ids=ids.input_ids, attention_mask=ids.attention_mask, output_hidden_states=True
        ).hidden_states[-1]
        return TextEmbedding(made[0, dropped:].to(self.dtype))

    def predict_together(
        self,
        latents_RCHW: torch.Tensor,
        timesteps_R: torch.Tensor,
        texts: Sequence[TextEmbedding],
        embedded_R: torch.Tensor | None,
    ) -> torch.Tensor:
        height, width = latents_RCHW.shape[-2:]
        lengths = torch.tensor([len(text.tokens) for text in texts], device=latents_RCHW.device)
        tokens = torch.nn.utils.rnn.pad_sequence([text.tokens for text in texts], batch_first=True)
        mask_RT = torch.arange(tokens.shape[1], device=lengths.device)[None] < lengths[:, None]
        with self.casting():
            packed_RNP: torch.Tensor = self._called(
                hidden_states=pack(latents_RCHW.to(self.dtype)),
                timestep=timesteps_R.to(self.dtype) / 1000,
                guidance=embedded_R,
                encoder_hidden_states_mask=None if bool(mask_RT.all()) else mask_RT,
                encoder_hidden_states=tokens,
                img_shapes=[[(1, height // 2, width // 2)]] * len(texts),
                return_dict=False,
            )[0]
        return unpack(packed_RNP, height, width)

    def guided(self, guided_BCHW: torch.Tensor, conditional_BCHW: torch.Tensor) -> torch.Tensor:
        """Each token of the guided prediction with the norm of the conditional one's."""
        height, width = guided_BCHW.shape[-2:]
        combined, conditional = pack(guided_BCHW), pack(conditional_BCHW)
        norms = [torch.linalg.vector_norm(part, dim=-1, keepdim=True) for part in (conditional, combined)]
        return unpack(combined * (norms[0] / norms[1]), height, width)

    @torch.inference_mode()
    def decode(self, latents_BCHW: torch.Tensor, batch: int) -> list[Picture]:
        pictures: list[Picture] = []
        for part in torch.split(latents_BCHW, batch):
            pictures += to_pictures(self._frame(part))
        return pictures

    def decoded(self, latents_BCHW: torch.Tensor) -> torch.Tensor:
        return self._frame(latents_BCHW).float()

    @torch.inference_mode()
    def encoded(self, pictures: Sequence[Picture], batch: int) -> torch.Tensor:
        made = []
        for part in torch.split(from_pictures(pictures).to(self.device), batch):
            frames = self._vae.encode(part.to(self._vae.dtype)[:, :, None]).latent_dist.mode()[:, :, 0].float()
            mean, std = self._moments(frames)
            made.append((frames - mean) / std)
        return torch.cat(made)

    def _frame(self, latents_BCHW: torch.Tensor) -> torch.Tensor:
        """The one frame that latents are decoded to, [B, 3, H, W] in the autoencoder's dtype."""
        mean, std = self._moments(latents_BCHW)
        inner = (latents_BCHW * std + mean).to(self._vae.dtype)
        frames: torch.Tensor = self._vae.decode(inner[:, :, None], return_dict=False)[0]
        return frames[:, :, 0]

    def _moments(self, latents_BCHW: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Mean and standard deviation by channel, [C, 1, 1] each."""
        config = self._vae.config
        mean, std = (
            latents_BCHW.new_tensor(numbers)[:, None, None] for numbers in (config.latents_mean, config.latents_std)
        )
        return mean, std

    def preview(self, latents_BCHW: torch.Tensor, batch: int) -> list[Picture]:
        return self.decode(latents_BCHW, batch)
