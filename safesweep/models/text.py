"""Texts as the network sees them: embeddings, and those that an edit made and no words name."""

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple, Protocol

import torch

from safesweep.tokenizing import tokenized


class TextEmbedding(NamedTuple):
    """What conditions one network row: ``tokens`` [T, D], and ``pooled`` [P] where the network takes one (SDXL)."""

    tokens: torch.Tensor
    pooled: torch.Tensor | None = None

    def digest(self) -> str:
        """SHA-256 of the numbers, 64 hexadecimal digits."""
        found = hashlib.sha256()
        for part in (self.tokens, self.pooled):
            if part is not None:
                found.update(part.detach().cpu().contiguous().view(torch.uint8).numpy().tobytes())
        return found.hexdigest()


@dataclass(frozen=True, eq=False)
class EditedText:
    """An embedding that an edit made of a text. Two are equal when their numbers are, whatever made them."""

    digest: str
    embedding: TextEmbedding

    def __eq__(self, other: object) -> bool:
        return isinstance(other, EditedText) and self.digest == other.digest

    def __hash__(self) -> int:
        return hash(self.digest)


class Steering(Protocol):
    """Changes an embedding by what the latents show at a step. It is a pure function, and compared by all that it depends on."""

    def __call__(self, model: Any, text: TextEmbedding, seen: Any, embedded: float | None) -> TextEmbedding:
        """``model``: a ``DiffusionModel``; ``seen``: the latents of one sample, a ``Seen``; ``embedded``: the network's guidance scale."""
        ...


@dataclass(frozen=True)
class SteeredText:
    """A text whose embedding follows the latents that it conditions: at every step it is worked out anew, with a gradient."""

    text: "Text"
    by: Steering


EMPTY = ""
"""The empty prompt: the unconditional text."""

Text = str | EditedText | SteeredText
"""What a network row is conditioned on; equal texts share a row."""


GRADIENT_ROWS = 3
"""Network rows that a steered text costs beside its own: a forward, and a backward that is worth two."""


def network_rows(texts: Iterable[Text]) -> int:
    """How many rows of the network it takes to predict for ``texts``, gradients included."""
    return sum(1 + GRADIENT_ROWS if isinstance(text, SteeredText) else 1 for text in texts)


def named_by_content(original: str, before: TextEmbedding, after: TextEmbedding) -> Text:
    """The text for an edited embedding: ``original`` itself where the edit changed nothing, so that it shares with unedited trials."""
    unchanged = torch.equal(before.tokens, after.tokens) and (
        before.pooled is after.pooled
        or (before.pooled is not None and after.pooled is not None and torch.equal(before.pooled, after.pooled))
    )
    return original if unchanged else EditedText(after.digest(), after)


def pooled_of(texts: Sequence[TextEmbedding]) -> torch.Tensor:
    """The pooled parts [R, P] of embeddings. Raises ``ValueError`` where one has none."""
    pooled = [text.pooled for text in texts if text.pooled is not None]
    if len(pooled) < len(texts):
        raise ValueError("a text embedding has no pooled part, which the network needs")
    return torch.stack(pooled)


@dataclass(frozen=True)
class TextEncoder:
    """One text encoder of a pipeline with its tokenizer, at the level that SAFREE and discovery work on."""

    tokenizer: Any
    model: Any
    device: torch.device

    def ids(self, text: str) -> torch.Tensor:
        """Token ids, int64 [1, T]: padded and truncated to the tokenizer's length."""
        encoded = tokenized(
            self.tokenizer,
            text,
            padding="max_length",
            truncation=True,
            max_length=self.tokenizer.model_max_length,
            return_tensors="pt",
        )
        return torch.as_tensor(encoded.input_ids).to(self.device)

    def length(self, text: str) -> int:
        """How many of the T tokens are the text's own, start and end marks included."""
        encoded = tokenized(self.tokenizer, text, truncation=True, max_length=self.tokenizer.model_max_length)
        return len(encoded.input_ids)

    def lost(self, text: str) -> int:
        """How many of the text's tokens are behind the last that the encoder takes."""
        whole = tokenized(self.tokenizer, text, truncation=False, verbose=False)
        return max(0, len(whole.input_ids) - int(self.tokenizer.model_max_length))

    @torch.inference_mode()
    def hidden(self, ids: torch.Tensor) -> torch.Tensor:
        """Last hidden states [N, T, D] of token ids [N, T]."""
        states: torch.Tensor = self.model(ids)[0]
        return states

    @torch.inference_mode()
    def pooled(self, ids: torch.Tensor) -> torch.Tensor:
        """Pooled embeddings [N, D] of token ids [N, T]: the hidden state at the end mark, projected where the encoder projects."""
        made = self.model(ids)
        states: torch.Tensor = made.text_embeds if "text_embeds" in made else made.pooler_output
        return states


class Encodes(Protocol):
    """The part of a diffusion model that turns texts into embeddings."""

    @property
    def encoders(self) -> tuple[TextEncoder, ...]:
        """One for Stable Diffusion 1.x/2.x, two for SDXL; their hidden states are joined along the width."""
        ...

    def embed(self, text: Text) -> TextEmbedding:
        """The embedding of a text, encoded once."""
        ...
