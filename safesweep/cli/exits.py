"""How a command ends: exit codes, and a user's mistake as one line."""

import sys
import traceback
from collections.abc import Callable
from typing import TYPE_CHECKING

from safesweep.errors import InputError
from safesweep.exit_codes import ExitCode
from safesweep.terminal import sayable

if TYPE_CHECKING:
    from rich.console import Console

OK, BAD_INPUT, TOO_MANY_UNSCORED = (
    int(code) for code in (ExitCode.DONE, ExitCode.BAD_INPUT, ExitCode.TOO_MANY_UNSCORED)
)
LOG_WIDTH = 110
"""Columns of an output that is a log."""


def exit_code(work: Callable[[], int]) -> int:
    """Does ``work`` and returns its exit code; an ``InputError`` is one line on stderr and has its own. All else is raised."""
    try:
        return work()
    except InputError as error:
        say_error(f"error: {error}")
        return int(error.exit_code)


def say_error(text: str) -> None:
    """Prints ``text`` on stderr, without secrets of URLs and without anything that a terminal acts upon."""
    print(sayable(text), file=sys.stderr)


def process_exit_code(work: Callable[[], int]) -> int:
    """`exit_code`; an error of the program's own is its traceback and 70, for Python's code for it is 1, which is the gate's BLOCK.

    An interrupt is one line and 130: libraries that handle signals make 1 of it.
    """
    try:
        return exit_code(work)
    except KeyboardInterrupt:
        say_error("interrupted")
        return int(ExitCode.INTERRUPTED)
    except Exception:
        say_error(traceback.format_exc().rstrip())
        return int(ExitCode.CRASHED)


def make_console() -> "Console":
    """A console as wide as the terminal, or ``LOG_WIDTH`` where the output is a log.

    It prints strings, cells of tables too, as they are: "[x]" in a path or a category is no markup, and ":x:" no emoji. Escape sequences
    in them are shown and do nothing.
    """
    from rich.console import Console

    from safesweep.cli.fit_output import FitOutput

    console = Console(width=None if sys.stdout.isatty() else LOG_WIDTH, markup=False, emoji=False)
    console.push_render_hook(FitOutput())
    return console
