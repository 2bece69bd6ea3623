"""How a command ends."""

import re

import pytest
from rich.table import Table

from safesweep.cli.exits import BAD_INPUT, LOG_WIDTH, OK, TOO_MANY_UNSCORED, exit_code, make_console, process_exit_code
from safesweep.errors import InputError
from safesweep.files import ROOT


def test_the_codes_are_those_that_documents_name():
    assert (OK, BAD_INPUT, TOO_MANY_UNSCORED) == (0, 2, 3)


@pytest.mark.parametrize("code", [0, 1, 3])
def test_the_works_own_code_is_the_commands(code):
    assert exit_code(lambda: code) == code


def test_a_users_mistake_is_one_line_and_all_else_is_raised(capsys):
    def mistaken() -> int:
        raise InputError("limit: 0 is\nnot allowed")

    assert exit_code(mistaken) == BAD_INPUT
    assert capsys.readouterr() == ("", "error: limit: 0 is not allowed\n")
    with pytest.raises(ZeroDivisionError):
        exit_code(lambda: 1 // 0)


def test_an_interrupt_is_one_line_and_not_the_gates_block(capsys):
    def interrupted() -> int:
        raise KeyboardInterrupt

    assert process_exit_code(interrupted) == 130
    assert capsys.readouterr() == ("", "interrupted\n")


def test_a_log_has_one_width_whatever_the_terminal(monkeypatch):
    monkeypatch.setenv("COLUMNS", "40")
    assert make_console().width == LOG_WIDTH


def test_names_with_brackets_are_shown_as_they_are(capsys):
    """In lines and in tables: a path or a category is no markup, and an end of markup that never began is no error."""
    console = make_console()
    names = ["lake[x]/run", "a [/b] c", "[bold]gore", ":skull:"]
    table = Table("name", title="[red] set", caption="[/]")
    for name in names:
        console.print(f"lake      {name}")
        table.add_row(name)
    console.print(table)
    shown = capsys.readouterr().out
    assert all(shown.count(name) == 2 for name in names) and "[red] set" in shown and "[/]" in shown


HOSTILE = "\x1b]0;owned\x07\x1b[2J\x9b31m\u202e"
"""Sets a terminal's title, clears it, colours it and turns the line around."""


def test_an_error_of_the_programs_own_shows_no_escape_sequence_and_no_secret(capsys):
    def broken() -> int:
        raise RuntimeError(f"https://me:pw@host/v1?key=k3y said {HOSTILE}")

    assert process_exit_code(broken) == 70
    shown = capsys.readouterr().err
    assert "Traceback" in shown and "https://…@host/v1?… said ␛]0;owned␇" in shown
    assert not {"\x1b", "\x07", "\x9b", "\u202e"} & set(shown) and "k3y" not in shown.split("\n")[-2]


def test_nothing_else_writes_to_the_terminal():
    """Where a console is made or something is printed, it goes through here; ``print`` says only what is sayable."""
    code = [path for tree in ("safesweep", "pipelines", "actors", "jobs") for path in (ROOT / tree).rglob("*.py")]
    made = {str(path.relative_to(ROOT)) for path in code if re.search(r"(?<!\w)Console\(", path.read_text())}
    printed = {
        (str(path.relative_to(ROOT)), line.strip())
        for path in code
        for line in path.read_text().splitlines()
        if re.search(r"(?<![\w.])print\(|print_exc|sys\.std(out|err)\.write", line)
    }
    assert made == {"safesweep/cli/exits.py"}
    assert printed == {
        ("safesweep/cli/exits.py", "print(sayable(text), file=sys.stderr)"),
        ("safesweep/cli/command.py", 'print(sayable(text), end="")'),
        ("safesweep/cli/command.py", "print(self.help())"),
        ("safesweep/libraries.py", "print(sayable(traceback.format_exc()), file=sys.stderr)"),
    }
