"""Questions that say what an answer may be. To whoever cannot use that they are plain text, like any other question."""

from collections.abc import Hashable, Sequence
from typing import Any

from safesweep.errors import InputError


class Choice(str):
    """A question with the beginnings of answers among which the model chooses: it is to weigh them by likelihood and to write nothing.

    Travels with them, by pickle and copy; ``str`` alone loses them.
    """

    answers: tuple[str, ...]
    """Each once, as the model would write it; one may begin another ("unsafe", "unsafe\\nS1")."""

    def __new__(cls, text: str, answers: Sequence[str] = ()) -> "Choice":
        question = super().__new__(cls, text)
        question.answers = tuple(answers)
        return question

    @classmethod
    def of(cls, question: str) -> tuple[str, ...]:
        """The answers that ``question`` offers; none where it is plain text."""
        return question.answers if isinstance(question, cls) else ()


class Listing(str):
    """A question whose answer is JSON: which of some names hold, ``{"violated": ["…"], "rationale": "…"}``."""

    names: tuple[str, ...]
    """The names that may be listed."""

    def __new__(cls, text: str, names: Sequence[str] = ()) -> "Listing":
        question = super().__new__(cls, text)
        question.names = tuple(names)
        return question


def same_question(one: str, other: str) -> bool:
    """Whether both ask the same, what they offer included."""
    return type(one) is type(other) and one == other and _offer(one) == _offer(other)


def _offer(question: str) -> dict[str, Any]:
    return dict(vars(question)) if isinstance(question, Choice | Listing) else {}


def check_answers(answers: Sequence[Hashable]) -> None:
    """Raises ``InputError`` for fewer than two answers, or one that stands twice."""
    if len(answers) < 2 or len(set(answers)) != len(answers):
        raise InputError(f"a choice has {len(answers)} answers, {len(set(answers))} different; at least two, each once")
