"""A console's output: rich's styles are escape sequences, and nothing else is."""

import re

from rich.console import Group
from rich.table import Table
from rich.text import Text

from safesweep.cli.exits import make_console

HOSTILE = "\x1b]0;owned\x07\x1b[2J\x9b31m\u202e"
"""Sets a terminal's title, clears it, colours it and turns the line around."""


def test_a_console_shows_escape_sequences_and_obeys_none(capsys, monkeypatch):
    """On a terminal too, where rich's own styles are escape sequences."""
    monkeypatch.setenv("FORCE_COLOR", "1")
    console = make_console()
    table = Table("name", title=f"a{HOSTILE}title", caption=HOSTILE)
    table.add_row(Text(f"row{HOSTILE}", style="bold red"))
    for shown in (f"line{HOSTILE}", Text(HOSTILE), table, Group(Text(f"in a group{HOSTILE}"))):
        console.print(shown)
    out = capsys.readouterr().out
    left = re.sub(r"\x1b\[[0-9;]*m", "", out)
    assert out != left, "rich styles no more"
    assert not {letter for letter in left if ord(letter) < 32 or 0x7F <= ord(letter) < 0xA0 or letter == "\u202e"} - {
        "\n"
    }
    assert left.count("␛]0;owned␛[2J�31m") == 6
