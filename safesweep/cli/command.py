"""A command: typed settings and what is done with them; and a word that stands for several."""

import sys
import textwrap
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Generic, Protocol, TypeVar

from safesweep.cli.exits import BAD_INPUT, OK, process_exit_code
from safesweep.cli.failing_store import one_line_for_stores
from safesweep.cli.reading import find_source, from_source
from safesweep.cli.settings import CommandSettings
from safesweep.errors import InputError, did_you_mean
from safesweep.terminal import sayable

Settings = TypeVar("Settings", bound=CommandSettings)
WIDTH = 110


class Runs(Protocol):
    """What a word of the command line stands for."""

    @property
    def about(self) -> str:
        """What it is for: its first sentence is shown in lists."""

    def main(self, words: list[str] | None = None) -> int:
        """Does what ``words`` (by default the process's own) ask for; returns the exit code."""


@dataclass(frozen=True)
class Command(Generic[Settings]):
    """``safesweep NAME``."""

    name: str
    about: str
    """Its docstring: the first paragraph says what it is for."""
    settings: type[Settings]
    run: Callable[[Settings], int]
    """Returns the exit code. Raises ``InputError`` for what cannot be used. Imports what is heavy itself: help is not to wait for it."""
    default_preset: str | None = None
    """The preset where the command line names none; None: the command has no presets."""
    examples: Mapping[str, str] = field(default_factory=dict)
    """The options of the first screen of help, each with a value; by default it shows all."""
    others: tuple[type[CommandSettings], ...] = ()
    """Settings of commands that share the environment."""

    def main(self, words: list[str] | None = None) -> int:
        """Reads the settings and runs; a mistake is one line and has its exit code. ``--help [all]`` prints and does nothing else."""
        return process_exit_code(lambda: self._begin(sys.argv[1:] if words is None else words))

    def _begin(self, words: list[str]) -> int:
        source = find_source(words, self.default_preset)
        if source.help is None:
            settings = from_source(source, self.settings, self.others)
            with one_line_for_stores(settings):
                return self.run(settings)
        from safesweep.cli.help import command_help

        everything = source.help == "all"
        text = command_help(self.name, self.about, self.settings, source, self.examples, everything)
        print(sayable(text), end="")
        return OK


@dataclass(frozen=True)
class Commands:
    """A word, and the commands that may follow it."""

    name: str
    about: str
    words: Mapping[str, Callable[[], Runs]]
    """Word → what gives the command; it is called when the command is wanted."""

    def main(self, words: list[str] | None = None) -> int:
        """Gives the words after the first to the command that it names. Exit code 2: there is none, or it names none."""
        given = sys.argv[1:] if words is None else words
        if not given or given[0] in ("-h", "--help"):
            print(self.help())
            return OK if given else BAD_INPUT
        return process_exit_code(lambda: self._pick(given[0]).main(given[1:]))

    def _pick(self, word: str) -> Runs:
        if word not in self.words:
            hint = did_you_mean(word, self.words)
            raise InputError(f"{self.name}: {word!r} is no command; allowed: {', '.join(self.words)}{hint}")
        return self.words[word]()

    def help(self) -> str:
        """One line a command: the first sentence of its docstring."""
        width = max(map(len, self.words)) + 4
        lines = [
            f"usage: {self.name} COMMAND [--OPTION VALUE …]",
            "",
            *textwrap.wrap(first_sentence(self.about), WIDTH),
            "",
        ]
        for word, command in self.words.items():
            about = textwrap.wrap(first_sentence(command().about), WIDTH - width)
            lines += [f"  {word}".ljust(width) + about[0], *(" " * width + line for line in about[1:])]
        return "\n".join([*lines, "", f"{self.name} COMMAND --help says more."])


def first_sentence(docstring: str) -> str:
    """Of a docstring's first paragraph, up to its first full stop."""
    text = " ".join(docstring.split("\n\n")[0].replace("``", "").split())
    return text.split(". ")[0].rstrip(".") + "."
