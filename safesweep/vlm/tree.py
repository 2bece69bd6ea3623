"""A tree of possible answers behind a prompt, and the probabilities of all its tokens in one forward.

Its tokens stand behind the prompt all at once: each sees the prompt and its own branch alone (a mask) and stands at the position that it
would have in an answer.
"""

from collections.abc import Sequence
from typing import Any

import torch

from safesweep.vlm.prefix import Prefix, copy_for, encode, join
from safesweep.vlm.prompting import Inputs

MOST_LOGITS = 2**26
"""Logits that are computed together: 256 MiB in float32."""
PROMPT = -1
"""Parent of a branch's first token: the last token of the prompt."""

Branch = tuple[int, ...]
"""Tokens that follow one another in the tree: their places, ascending."""


def log_probabilities(
    model: Any,
    prefix: Prefix | None,
    inputs: Inputs,
    ids: Sequence[int],
    parents: Sequence[int],
    columns: Sequence[int],
) -> torch.Tensor:
    """log P of the tokens ``columns`` behind the prompt (place 0) and behind token n of the tree (place n + 1): [B, 1 + N, len(columns)].

    ``ids``: a token each; ``parents``: the place of the token before it, or ``PROMPT``.
    """
    row = join(model, prefix, inputs)
    rows, length = row.ids.shape
    device = row.ids.device
    tree = torch.tensor(ids, device=device).expand(rows, -1)
    depth = torch.tensor(_depths(parents), device=device)
    behind = (row.after + depth).expand(*row.positions.shape[:-1], -1)  # [B, N], or [3, B, N]
    hidden, _ = encode(
        model,
        input_ids=torch.cat([row.ids[:, row.start :], tree], dim=1),
        attention_mask=_mask(parents, length, row.start, rows, model.dtype, device),
        position_ids=torch.cat([row.positions[..., row.start :], behind], dim=-1),
        past_key_values=copy_for(prefix, rows) if prefix is not None else None,
        use_cache=prefix is not None,
        **row.pictures,
    )
    return _at(model.get_output_embeddings(), hidden[:, length - row.start - 1 :], columns)


def _at(head: Any, hidden_BND: torch.Tensor, columns: Sequence[int]) -> torch.Tensor:
    """Some places at a time, for a vocabulary is large."""
    rows, places, _ = hidden_BND.shape
    together = max(1, MOST_LOGITS // (rows * int(head.weight.shape[0])))
    parts = []
    for start in range(0, places, together):
        logits = head(hidden_BND[:, start : start + together]).float()
        parts.append(logits[..., list(columns)] - logits.logsumexp(dim=-1, keepdim=True))
    return torch.cat(parts, dim=1)


def _depths(parents: Sequence[int]) -> list[int]:
    depths: list[int] = []
    for parent in parents:
        depths.append(0 if parent == PROMPT else depths[parent] + 1)
    return depths


def _mask(
    parents: Sequence[int], length: int, start: int, rows: int, dtype: torch.dtype, device: torch.device
) -> torch.Tensor:
    """Additive attention mask [B, 1, Q, K]: the prompt is causal, a token of the tree sees the prompt and its own branch."""
    count = len(parents)
    sees = torch.zeros((length + count, length + count), dtype=torch.bool)
    sees[:length, :length] = torch.ones((length, length), dtype=torch.bool).tril()
    sees[length:, :length] = True
    for place, parent in enumerate(parents):
        if parent != PROMPT:
            sees[length + place, length:] = sees[length + parent, length:]
        sees[length + place, length + place] = True
    mask = torch.zeros(sees.shape, dtype=dtype).masked_fill(~sees, torch.finfo(dtype).min)
    return mask[start:].to(device).expand(rows, 1, -1, -1)
