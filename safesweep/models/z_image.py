"""Z-Image: a language model's hidden states of any length condition the network, which predicts the way from noise to picture.

Shape suffixes: R network rows, C H W latents, T text tokens.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING, ClassVar

import torch

from safesweep.models.flow import FlowModel
from safesweep.models.text import TextEmbedding, TextEncoder
from safesweep.tokenizing import tokenized

if TYPE_CHECKING:
    from diffusers import DiffusionPipeline

TEXT_TOKENS = 512
"""The pipeline's default ``max_sequence_length``, its chat template included."""


class ZImage(FlowModel):
    """Every call equals ``ZImagePipeline``, whose guidance scale is ours less one; at ours of 1 and below the prompt alone."""

    COMPONENTS: ClassVar[tuple[str, ...]] = ("vae", "text_encoder", "tokenizer", "transformer", "scheduler")
    FIXED_LENGTH: ClassVar[bool] = False
    JOINED_ENCODERS: ClassVar[bool] = False

    @classmethod
    def read(cls, path: str, dtype: torch.dtype, revision: str | None) -> "DiffusionPipeline":
        from diffusers import ZImagePipeline

        return ZImagePipeline.from_pretrained(path, dtype=dtype, revision=revision, trust_remote_code=False)

    @property
    def channels(self) -> int:
        return int(self.network.config.in_channels)

    @property
    def encoders(self) -> tuple[TextEncoder, ...]:
        return ()

    def _message(self, text: str) -> str:
        written: str = self._pipe.tokenizer.apply_chat_template(
            [{"role": "user", "content": text}], tokenize=False, add_generation_prompt=True, enable_thinking=True
        )
        return written

    def lost(self, text: str) -> int:
        return max(0, len(tokenized(self._pipe.tokenizer, self._message(text), verbose=False).input_ids) - TEXT_TOKENS)

    @torch.inference_mode()
    def encode(self, text: str) -> TextEmbedding:
        """Hidden states before the last layer of the text as a user's message; [T, D], T the message's tokens."""
        pipe = self._pipe
        ids = tokenized(
            pipe.tokenizer,
            [self._message(text)],
            padding="max_length",
            max_length=TEXT_TOKENS,
            truncation=True,
            return_tensors="pt",
        ).to(self.device)
        mask = ids.attention_mask.bool()
        made = pipe.text_encoder(input_ids=ids.input_ids, attention_mask=mask, output_hidden_states=True)
        return TextEmbedding(made.hidden_states[-2][0][mask[0]].to(self.dtype))

    def predict_together(
        self,
        latents_RCHW: torch.Tensor,
        timesteps_R: torch.Tensor,
        texts: Sequence[TextEmbedding],
        embedded_R: torch.Tensor | None,
    ) -> torch.Tensor:
        with self.casting():
            predicted = self._called(
                list(latents_RCHW.to(self.dtype)[:, :, None].unbind()),
                (1000 - timesteps_R) / 1000,
                [text.tokens for text in texts],
                return_dict=False,
            )[0]
        return -torch.stack(list(predicted))[:, :, 0]
