"""Environment variables: which option each one sets, and which set none."""

from collections.abc import Collection, Iterable, Mapping

from safesweep.cli.options import Option
from safesweep.cli.settings import DELIMITER, PREFIX, variable
from safesweep.errors import InputError, did_you_mean
from safesweep.registry import PLUGINS

NO_OPTION = (PLUGINS,)
"""Variables that are read by others than the command line."""


def check_environment(
    environment: Mapping[str, str], options: Iterable[Option], on_the_line_alone: Collection[str] = ()
) -> None:
    """Raises ``InputError`` for a ``SAFESWEEP_`` variable that none of ``options`` knows, with the nearest that one does, and for one
    that sets an option of the command line alone."""
    for name in on_the_line_alone:
        if variable(name) in map(str.upper, environment):
            raise InputError(f"{variable(name)}: --{name} stands on the command line alone, for it runs a program")
    known = {variable(option.name): option for option in options}
    below = tuple(name + DELIMITER for name, option in known.items() if option.open)
    for name in environment:
        upper = name.upper()
        if upper.startswith(PREFIX) and upper not in (*known, *NO_OPTION) and not upper.startswith(below):
            nearest = did_you_mean(name, (*known, *NO_OPTION))
            raise InputError(f"{name}: no option knows this environment variable{nearest}")
