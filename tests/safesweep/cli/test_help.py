"""Help: a first screen with examples, all options in groups, the chosen preset's defaults, types and sentences."""

import re

import pytest

from safesweep.cli.help import command_help, paragraphs
from safesweep.cli.reading import find_source
from tests.safesweep.cli.made import Look, Run, write_preset

ABOUT = """Runs ``it``.

    safesweep go --limit 3

Options are many.

Exit codes: 0 done, 2 bad input.
"""


@pytest.fixture
def shown(tmp_path):
    """The help of a run, on one line with single spaces."""

    def text(*words, examples=None, everything=False):
        source = find_source(["--preset", write_preset(tmp_path), *words], "none")
        return command_help("go", ABOUT, Run, source, {"limit": "8"} if examples is None else examples, everything)

    return text


def one_line(text):
    return " ".join(text.split())


def test_the_first_screen_shows_examples_in_their_order_and_says_where_the_rest_is(shown):
    text = shown(examples={"engine.rows": "32", "limit": "8"})
    assert re.findall(r"^  (--.*?)  ", text, re.MULTILINE) == ["--engine.rows 32", "--limit 8"]
    assert text.startswith("usage: safesweep go [--OPTION VALUE …]\n\nRuns it.\n")
    assert "safesweep go --help all shows all 10 options" in text and "Options are many" not in text
    assert one_line(text).endswith("Exit codes: 0 done, 2 bad input.")


def test_all_stand_in_their_groups(shown):
    text = shown(everything=True)
    headings = re.findall(r"^(\w.*):$", text, re.MULTILINE)
    assert headings == ["how much", "options", "engine"]
    assert "What turns." in text and "--engine JSON" in text
    assert len(re.findall(r"^  --", text, re.MULTILINE)) == 10 and "--help all" not in text


@pytest.mark.parametrize(
    ("words", "rows"),
    [([], "default 2"), (["--hardware", "big"], "default 64"), (["--hardware", "laptop"], "default 2")],
)
def test_defaults_are_those_of_the_chosen_preset(shown, words, rows):
    text = one_line(shown(*words, everything=True))
    assert f"--engine.rows INTEGER Rows of one forward, 100 % of them. ({rows})" in text
    assert "--engine.model TEXT Folder. (default small)" in text
    assert "--engine.kind fast|exact How. (default fast)" in text
    assert "--name TEXT Of the run. (default first)" in text
    assert "--scales [NUMBER, …] To be tried. (default [1.0, 2.5])" in text
    assert "needed" not in text and "required" not in text


def test_what_a_preset_lacks_is_needed(tmp_path):
    source = find_source(["--preset", write_preset(tmp_path, "limit: 3\n")], "none")
    text = one_line(command_help("go", ABOUT, Run, source, {}, True))
    assert "--name TEXT Of the run. (needed)" in text and "--limit INTEGER At most so many. (default 3)" in text


def test_a_command_without_presets_shows_all_at_once():
    text = one_line(command_help("look", "Looks.", Look, find_source([]), {}, False))
    assert text.startswith("usage: safesweep look FILE [--OPTION VALUE …] Looks.")
    for words in (
        "FILE What is looked at. (needed)",
        "--on_empty refuse|skip Empty rows. (default refuse)",
        "--texts, --no-texts Show texts. (default true)",
        "--json PATH Where numbers go.",
        "--most INTEGER Rows shown. (default 3)",
    ):
        assert words in text
    assert "reset" not in text


def test_long_defaults_are_cut(tmp_path):
    source = find_source(["--preset", write_preset(tmp_path, f"name: {'x' * 80}\n")], "none")
    text = command_help("go", ABOUT, Run, source, {"name": "n"}, False)
    assert "x" * 60 + "…" in text and "x" * 61 not in text


def test_paragraphs_leave_out_what_is_indented():
    assert paragraphs(ABOUT) == ["Runs it.", "Options are many.", "Exit codes: 0 done, 2 bad input."]
