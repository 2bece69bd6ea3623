"""A prefix that never changes is encoded once: its keys and values are kept and every row goes on from a copy."""

import copy
from dataclasses import dataclass
from typing import Any

import torch

from safesweep.vlm.prompting import Inputs

_PER_TOKEN = ("input_ids", "attention_mask", "mm_token_type_ids", "token_type_ids")
_PER_PICTURE = ("image_grid_thw",)


@dataclass(frozen=True)
class Prefix:
    """Encoded tokens: their inputs (one row), and their keys and values in every layer."""

    inputs: Inputs
    cache: Any

    @property
    def length(self) -> int:
        """Tokens."""
        return int(self.inputs["input_ids"].shape[1])


@dataclass(frozen=True)
class Row:
    """A prompt as the model sees it behind a prefix (or behind none).

    ``ids``: [B, T], the whole prompt; ``positions``: [B, T], or [3, B, T] for models that place pictures in a plane;
    ``after``: [B, 1], the position that follows the prompt; ``pictures``: inputs of the pictures behind the prefix.
    """

    ids: torch.Tensor
    positions: torch.Tensor
    after: torch.Tensor
    pictures: Inputs
    start: int
    """Where the part begins that is not encoded yet."""


def encode(model: Any, **inputs: Any) -> tuple[torch.Tensor, Any]:
    """The states [B, T, D] that the model's head sees, and the keys and values where ``use_cache`` asks for them.

    Classes without a model under their head (Llama 4's) are run whole, the head itself at one place only.
    """
    if model.base_model is not model:
        done = model.base_model(**inputs)
        return done.last_hidden_state, done.past_key_values
    done = model(**inputs, output_hidden_states=True, logits_to_keep=1)
    return done.hidden_states[-1], done.past_key_values


def encode_prefix(model: Any, inputs: Inputs) -> Prefix:
    """Runs the model over the prefix once. ``inputs``: of one row."""
    _, cache = encode(model, **inputs, use_cache=True)
    return Prefix(inputs, cache)


def join(model: Any, prefix: Prefix | None, inputs: Inputs) -> Row:
    """Puts rows behind a prefix: whole token rows and their positions."""
    rows = inputs["input_ids"].shape[0]
    whole = {key: value for key, value in inputs.items() if key in (*_PER_TOKEN, *_PER_PICTURE)}
    if prefix is not None:
        for key in whole:
            if key in _PER_TOKEN:
                whole[key] = torch.cat([prefix.inputs[key].expand(rows, -1), whole[key]], dim=1)
            else:
                first = prefix.inputs[key]
                parts = [torch.cat([first, own]) for own in whole[key].chunk(rows)]
                whole[key] = torch.cat(parts)
    positions, after = _positions(model, whole)
    pictures = {key: value for key, value in inputs.items() if key not in _PER_TOKEN}
    return Row(whole["input_ids"], positions, after, pictures, prefix.length if prefix else 0)


def _positions(model: Any, whole: Inputs) -> tuple[torch.Tensor, torch.Tensor]:
    ids = whole["input_ids"]
    if hasattr(model.base_model, "get_rope_index"):
        named = {key: whole[key] for key in ("mm_token_type_ids", "image_grid_thw", "attention_mask") if key in whole}
        positions, deltas = model.base_model.get_rope_index(ids, **named)
        model.base_model.rope_deltas = deltas  # where the model looks when it goes on decoding
        return positions, ids.shape[1] + deltas
    steps = torch.arange(ids.shape[1], device=ids.device)
    return steps.expand(ids.shape), torch.full((ids.shape[0], 1), ids.shape[1], device=ids.device)


def copy_for(prefix: Prefix, rows: int) -> Any:
    """The prefix's keys and values, once a row, free to be written behind."""
    cache = copy.deepcopy(prefix.cache)
    if rows > 1:
        cache.batch_repeat_interleave(rows)
    return cache


def go_on(model: Any, prefix: Prefix, row: Row, end: int) -> tuple[Any, torch.Tensor]:
    """Encodes tokens up to ``end`` (counted in the whole row) behind the prefix.

    Returns the keys and values of everything so far, and the last hidden states [B, end - start, D].
    """
    ids = row.ids[:, row.start : end]
    hidden, cache = encode(
        model,
        input_ids=ids,
        attention_mask=torch.ones((ids.shape[0], end), dtype=torch.long, device=ids.device),
        position_ids=row.positions[..., row.start : end],
        past_key_values=copy_for(prefix, ids.shape[0]),
        use_cache=True,
        **row.pictures,
    )
    return cache, hidden
