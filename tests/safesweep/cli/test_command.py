"""A command and a word that stands for several."""

import pytest

from safesweep.cli.command import Command, Commands, first_sentence
from safesweep.cli.exits import TOO_MANY_UNSCORED
from safesweep.errors import InputError
from tests.safesweep.cli.made import Look, Run, write_preset


def look(options: Look) -> int:
    if options.most == 2:
        raise InputError("most: 2 is not allowed")
    print(f"looked at {options.file}")
    return TOO_MANY_UNSCORED if options.most == 3 else 0


LOOK = Command("look", "Looks. Twice.", Look, look)
WORDS = Commands("safesweep", "Does things. Many.", {"look": lambda: LOOK})


@pytest.mark.parametrize(("words", "code"), [(["x"], 3), (["x", "--most", "1"], 0)])
def test_its_exit_code_is_what_its_work_returns(words, code, capsys):
    assert LOOK.main(words) == code
    assert capsys.readouterr() == ("looked at x\n", "")


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["x", "--most", "2"], "error: most: 2 is not allowed\n"),
        (["x", "--mst", "2"], "error: --mst: unknown option; did you mean 'most'?\n"),
    ],
)
def test_a_mistake_is_one_line_and_code_2(words, message, capsys):
    assert LOOK.main(words) == 2
    assert capsys.readouterr() == ("", message)


def test_help_does_nothing_else(capsys):
    assert LOOK.main(["x", "--help"]) == 0
    captured = capsys.readouterr()
    assert captured.out.startswith("usage: safesweep look FILE") and "looked at x" not in captured.out


def test_the_process_arguments_are_the_default(monkeypatch, capsys):
    monkeypatch.setattr("sys.argv", ["safesweep", "look", "x"])
    assert WORDS.main() == 3 and capsys.readouterr().out == "looked at x\n"


def test_presets_and_all_options_reach_help(tmp_path, capsys):
    command = Command("go", "Goes.", Run, lambda options: 0, "none", {"limit": "8"})
    for word, count in ((), 1), (("all",), 10):
        assert command.main(["--preset", write_preset(tmp_path), "--help", *word]) == 0
        assert capsys.readouterr().out.count("\n  --") == count


def test_a_word_gives_the_rest_to_its_command(capsys):
    assert WORDS.main(["look", "y", "--most=0"]) == 0
    assert capsys.readouterr().out == "looked at y\n"


def test_an_unknown_word_is_refused_with_the_nearest(capsys):
    assert WORDS.main(["lok"]) == 2
    assert capsys.readouterr().err == "error: safesweep: 'lok' is no command; allowed: look; did you mean 'look'?\n"


@pytest.mark.parametrize(("words", "code"), [([], 2), (["--help"], 0), (["-h"], 0)])
def test_without_a_word_all_are_listed(words, code, capsys):
    assert WORDS.main(words) == code
    assert "Does things.\n\n  look  Looks.\n" in capsys.readouterr().out


def test_the_first_sentence_ends_at_a_full_stop_not_in_a_number():
    assert first_sentence("Takes ``0.5`` or\nmore. Not less.\n\nMore.") == "Takes 0.5 or more."
