"""What a user can get wrong, said in one line."""

from collections.abc import Iterable
from difflib import get_close_matches
from typing import ClassVar

from safesweep.exit_codes import ExitCode
from safesweep.terminal import sayable


class InputError(ValueError):
    """Something that a user handed in cannot be used.

    The message is one line that names the file, the row or key, what was found and what is allowed. Commands print it
    and exit with ``exit_code``; no traceback is owed to the user. It holds no secret of a URL, and nothing that a terminal acts upon.
    """

    exit_code: ClassVar[ExitCode] = ExitCode.BAD_INPUT

    def __init__(self, message: str) -> None:
        super().__init__(sayable(" ".join(message.split())))


class NotJudgedError(InputError):
    """What was named is there, and cannot be judged: damaged, mixed, changed since it was pinned, or not comparable."""

    exit_code: ClassVar[ExitCode] = ExitCode.NOT_JUDGED


def did_you_mean(found: str | Iterable[str], allowed: Iterable[str]) -> str:
    """``"; did you mean 'x'?"`` for the member of ``allowed`` nearest to a word of ``found``, else the empty string."""
    by_fold = {word.casefold(): word for word in allowed}
    for word in [found] if isinstance(found, str) else found:
        near = get_close_matches(word.strip().casefold(), by_fold, n=1)
        if near:
            return f"; did you mean {by_fold[near[0]]!r}?"
    return ""
