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
from safesweep.vlm.prefix import Prefix
from safesweep.vlm.prompting import Inputs, Prompting
from safesweep.vlm.tree import PROMPT, Branch, log_probabilities

SEPARATOR = ", "


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
    columns = sorted({*form.ids, *form.stops})
    named_BK = _chain(log_probabilities(model, prefix, inputs, form.ids, form.parents, columns), columns, form)
    return [dict(zip(form.terms, row, strict=True)) for row in named_BK.clamp(max=1.0).tolist()]


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
