"""How a command ends."""

import pytest
from rich.table import Table

from safesweep.cli.exits import BAD_INPUT, LOG_WIDTH, OK, TOO_MANY_UNSCORED, exit_code, make_console
from safesweep.errors import InputError


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
