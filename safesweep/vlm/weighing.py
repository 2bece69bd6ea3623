"""Which of some answers a model would begin with, read off its probabilities in one forward; nothing is written.

Answers may begin one another ("unsafe", "unsafe\nS1", "unsafe\nS12"). The weight of one is the probability that what the model writes
begins with it, by tokens, and with no longer one of them: the weights exclude one another, and what they lack to 1 is the probability of
something else, a refusal or a broken answer.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch

from safesweep.vlm.prefix import Prefix
from safesweep.vlm.prompting import Inputs, Prompting
from safesweep.vlm.questions import check_answers
from safesweep.vlm.tree import PROMPT, Branch, log_probabilities


@dataclass(frozen=True)
class Answers:
    """The answers as a tree of tokens, in which equal beginnings stand once.

    ``ids``: a token each; ``parents``: the place of the token before it, or ``PROMPT``; ``paths``: the branch of each answer;
    ``longer``: of each answer those that go on where it ends, the nearest ones.
    """

    texts: tuple[str, ...]
    ids: tuple[int, ...]
    parents: tuple[int, ...]
    paths: tuple[Branch, ...]
    longer: tuple[tuple[int, ...], ...]

    @classmethod
    def make(cls, prompting: Prompting, question: str, texts: Sequence[str]) -> "Answers":
        """The tree of the answers to a question. Raises ``InputError`` for fewer than two, equal ones, and two of the same tokens."""
        check_answers(texts)
        start = prompting.answer_prefix(question)
        tokens = [tuple(prompting.tokens(start + text)) for text in texts]
        check_answers(tokens)
        places: dict[tuple[int, ...], int] = {}
        for path in tokens:
            for end in range(1, len(path) + 1):
                places.setdefault(path[:end], len(places))
        longer = tuple(tuple(_nearest(index, tokens)) for index in range(len(tokens)))
        return cls(
            tuple(texts),
            tuple(path[-1] for path in places),
            tuple(places[path[:-1]] if len(path) > 1 else PROMPT for path in places),
            tuple(tuple(places[path[:end]] for end in range(1, len(path) + 1)) for path in tokens),
            longer,
        )


def _nearest(index: int, tokens: Sequence[tuple[int, ...]]) -> list[int]:
    """Answers that go on behind ``index``, but for those that do so behind another one."""
    own = tokens[index]
    behind = [other for other, path in enumerate(tokens) if len(path) > len(own) and path[: len(own)] == own]
    return [
        other
        for other in behind
        if not any(
            len(tokens[between]) < len(tokens[other]) and tokens[other][: len(tokens[between])] == tokens[between]
            for between in behind
        )
    ]


def weigh(model: Any, prefix: Prefix | None, inputs: Inputs, answers: Answers) -> list[dict[str, float]]:
    """Answer -> weight in [0, 1], together at most 1, for every row of ``inputs``, in one forward."""
    columns = sorted(set(answers.ids))
    column = {token: index for index, token in enumerate(columns)}
    logp = log_probabilities(model, prefix, inputs, answers.ids, answers.parents, columns).double()
    begins = torch.stack(
        [
            logp[:, [answers.parents[n] + 1 for n in path], [column[answers.ids[n]] for n in path]].sum(-1).exp()
            for path in answers.paths
        ],
        dim=-1,
    )
    weights = torch.stack(
        [begins[:, index] - begins[:, list(longer)].sum(-1) for index, longer in enumerate(answers.longer)], dim=-1
    )
    return [dict(zip(answers.texts, row, strict=True)) for row in weights.clamp(0.0, 1.0).tolist()]
