"""T5 as a text encoder of flow models: a fixed number of tokens, padding encoded like any other and not masked.

Shape suffixes: T tokens, D embedding width.
"""

from dataclasses import dataclass
from typing import Any

import torch

from safesweep.tokenizing import tokenized


@dataclass(frozen=True)
class T5Encoder:
    """T5's encoder with its tokenizer."""

    tokenizer: Any
    model: Any
    device: torch.device
    length: int
    """T."""

    def lost(self, text: str) -> int:
        """How many of the text's tokens are behind the last."""
        return max(0, len(tokenized(self.tokenizer, text, verbose=False).input_ids) - self.length)

    @torch.inference_mode()
    def encode(self, text: str) -> torch.Tensor:
        """Last hidden states [T, D], padded and truncated to the length."""
        encoded = tokenized(
            self.tokenizer, [text], padding="max_length", max_length=self.length, truncation=True, return_tensors="pt"
        )
        states: torch.Tensor = self.model(encoded.input_ids.to(self.device))[0]
        return states[0]
