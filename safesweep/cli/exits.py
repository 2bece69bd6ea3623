"""How a command ends: exit codes, and a user's mistake as one line."""

import sys
from collections.abc import Callable
from typing import TYPE_CHECKING

from safesweep.errors import InputError

if TYPE_CHECKING:
    from rich.console import Console

OK, BAD_INPUT, TOO_MANY_UNSCORED = 0, 2, 3
LOG_WIDTH = 110
"""Columns of an output that is a log."""


def exit_code(work: Callable[[], int]) -> int:
    """Does ``work`` and returns its exit code; an ``InputError`` is one line on stderr and code 2."""
    try:
        return work()
    except InputError as error:
        print(f"error: {error}", file=sys.stderr)
        return BAD_INPUT


def make_console() -> "Console":
    """A console as wide as the terminal, or ``LOG_WIDTH`` where the output is a log."""
    from rich.console import Console

    return Console() if sys.stdout.isatty() else Console(width=LOG_WIDTH)
