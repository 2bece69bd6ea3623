"""What an answer would name, read off the model's probabilities in one forward instead of by decoding.

The question lists the vocabulary and a model lists what it sees in that order: "dagger, skull", or "nothing". Behind the prompt
stand, all at once, every term (and ``nothing``) as the first word of an answer, and behind every term each later term as the next
word: a tree, whose tokens see the prompt and their own branch alone (a mask) and stand at the positions they would have in an
answer. From the logits of that one forward:

    P(first = k), k a term or nothing;   P(next = k | last = j), k a later term or the end

each a product over the word's tokens times the probability that the word ends there, normalised over its alternatives. Taking an
answer to be a chain whose state is the last term named, the probability that term k is named is

    m_k = P(first = k) + Σ_{j<k} m_j P(next = k | last = j)

which is exact for one and two terms, and for more where the model's next word depends on the last one only.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch

from safesweep.errors import InputError
from safesweep.vlm.prefix import Prefix, copy_for, join
from safesweep.vlm.prompting import Inputs, Prompting

SEPARATOR = ", "
MOST_LOGITS = 2**26
"""Logits that are computed together: 256 MiB in float32."""
PROMPT = -1
"""Parent of a branch's first token: the last token of the prompt."""


Branch = tuple[int, ...]
"""A word's tokens in the tree: their places, ascending."""


@dataclass(frozen=True)
class Form:
    """The tree of an answer's possible words.

    ``ids``: a token each; ``parents``: the place of the token before it, or ``PROMPT``; ``first``: the branches of the terms and,
    last, of ``nothing``; ``then[j][k]``: the branch of term k behind term j < k.
    """

    terms: tuple[str, ...]
    ids: tuple[int, ...]
    parents: tuple[int, ...]
    first: tuple[Branch, ...]
    then: tuple[dict[int, Branch], ...]
    stops: tuple[int, ...]
    """Tokens that may follow a whole word: the separator, a full stop, the end of the answer."""
    ends: tuple[int, ...]
    """Those of ``stops`` that end the answer."""

    @classmethod
    def make(
        cls, prompting: Prompting, question: str, terms: Sequence[str], nothing: str, ends: Sequence[int]
    ) -> "Form":
        """The tree for a question's terms, which must differ. Raises ``InputError`` when there is none."""
        if not terms or len(set(terms)) != len(terms):
            raise InputError(f"score mode: {len(terms)} terms, {len(set(terms))} different; at least one, each once")
        start = prompting.answer_prefix(question)
        ids: list[int] = []
        parents: list[int] = []

        def add_branch(tokens: Sequence[int], parent: int) -> Branch:
            places = []
            for token in tokens:
                places.append(len(ids))
                ids.append(token)
                parents.append(parent)
                parent = places[-1]
            return tuple(places)

        alone = [prompting.tokens(start + term) for term in terms]
        first = [add_branch(tokens, PROMPT) for tokens in (*alone, prompting.tokens(start + nothing))]
        then: list[dict[int, Branch]] = []
        separators = set()
        for index, term in enumerate(terms):
            branches: dict[int, Branch] = {}
            for later in range(index + 1, len(terms)):
                tokens = _behind(prompting, start + term, alone[index], SEPARATOR + terms[later])
                separators.add(tokens[0])
                branches[later] = add_branch(tokens, first[index][-1])
            then.append(branches)
        separators.add(_behind(prompting, start + terms[0], alone[0], ",")[0])
        finals = {*ends, _behind(prompting, start + terms[0], alone[0], ".")[0]}
        return cls(
            tuple(terms), tuple(ids), tuple(parents), tuple(first), tuple(then), (*separators, *finals), tuple(finals)
        )


def _behind(prompting: Prompting, start: str, known: list[int], rest: str) -> list[int]:
    """Tokens of ``rest`` as they are behind ``start``; by themselves where the tokenizer merges across the seam."""
    whole = prompting.tokens(start + rest)
    return whole[len(known) :] if whole[: len(known)] == known else prompting.tokens(rest)


def likelihoods(model: Any, prefix: Prefix | None, inputs: Inputs, form: Form) -> list[dict[str, float]]:
    """Term -> m_k in [0, 1] for every row of ``inputs``, in one forward."""
    row = join(model, prefix, inputs)
    rows, length = row.ids.shape
    device = row.ids.device
    tree = torch.tensor(form.ids, device=device).expand(rows, -1)
    depth = torch.tensor(_depths(form.parents), device=device)
    behind = (row.after + depth).expand(*row.positions.shape[:-1], -1)  # [B, N], or [3, B, N]
    asked = torch.cat([row.ids[:, row.start :], tree], dim=1)
    hidden = model.base_model(
        input_ids=asked,
        attention_mask=_mask(form, length, row.start, rows, model.dtype, device),
        position_ids=torch.cat([row.positions[..., row.start :], behind], dim=-1),
        past_key_values=copy_for(prefix, rows) if prefix is not None else None,
        use_cache=prefix is not None,
        **row.pictures,
    ).last_hidden_state[:, length - row.start - 1 :]
    # place 0: behind the prompt, place n + 1: behind token n
    columns = sorted({*form.ids, *form.stops})
    named_BK = _chain(_log_probabilities(model.get_output_embeddings(), hidden, columns), columns, form)
    return [dict(zip(form.terms, row, strict=True)) for row in named_BK.clamp(max=1.0).tolist()]


def _log_probabilities(head: Any, hidden_BND: torch.Tensor, columns: Sequence[int]) -> torch.Tensor:
    """log P of the tokens ``columns`` behind every place, [B, N, len(columns)]; some places at a time, for a vocabulary is large."""
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


def _mask(form: Form, length: int, start: int, rows: int, dtype: torch.dtype, device: torch.device) -> torch.Tensor:
    """Additive attention mask [B, 1, Q, K]: the prompt is causal, a token of the tree sees the prompt and its own branch."""
    count = len(form.ids)
    sees = torch.zeros((length + count, length + count), dtype=torch.bool)
    sees[:length, :length] = torch.ones((length, length), dtype=torch.bool).tril()
    sees[length:, :length] = True
    for place, parent in enumerate(form.parents):
        if parent != PROMPT:
            sees[length + place, length:] = sees[length + parent, length:]
        sees[length + place, length + place] = True
    mask = torch.zeros(sees.shape, dtype=dtype).masked_fill(~sees, torch.finfo(dtype).min)
    return mask[start:].to(device).expand(rows, 1, -1, -1)


def _chain(logp_BNU: torch.Tensor, columns: Sequence[int], form: Form) -> torch.Tensor:
    """The probabilities m_k of every row, [B, K]. ``logp_BNU``: log P of ``columns`` behind the prompt, then behind every token."""
    column = {token: index for index, token in enumerate(columns)}
    stops, ends = [column[token] for token in form.stops], [column[token] for token in form.ends]

    def word(branch: Branch) -> torch.Tensor:
        before = [form.parents[place] + 1 for place in branch]
        tokens = logp_BNU[:, before, [column[form.ids[place]] for place in branch]].sum(dim=-1)
        return torch.as_tensor(tokens + logp_BNU[:, branch[-1] + 1, stops].logsumexp(dim=-1))

    first = torch.stack([word(branch) for branch in form.first], dim=-1).softmax(dim=-1)
    named = list(first.unbind(dim=-1)[:-1])
    for index, branches in enumerate(form.then):
        if not branches:
            continue
        end = logp_BNU[:, form.first[index][-1] + 1, ends].logsumexp(dim=-1)
        following = torch.stack([*(word(branch) for branch in branches.values()), end], dim=-1).softmax(dim=-1)
        for place, later in enumerate(branches):
            named[later] = named[later] + named[index] * following[:, place]
    return torch.stack(named, dim=-1)


def answer_text(probabilities: dict[str, float], nothing: str, threshold: float = 0.5) -> str:
    """An answer in words: the terms at or above the threshold with their probabilities, or ``nothing``."""
    seen = [f"{term} ({p:.2f})" for term, p in probabilities.items() if p >= threshold]
    return SEPARATOR.join(seen) or nothing
