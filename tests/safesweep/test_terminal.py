"""What a terminal would act upon is shown instead; all else stays."""

import unicodedata

import pytest

from safesweep.terminal import fit, sayable


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("\x1b]0;title\x07\x1b[2J red", "␛]0;title␇␛[2J red"),
        ("a\rb\x08c\x7f", "a␍b␈c␡"),
        ("\x9b31m \u202eabc\u2066", "�31m �abc�"),
        ("line\r\nnext\tcolumn\n", "line\nnext\tcolumn\n"),
        ("日本 🐈 é – γ=7.5 a\u200db", "日本 🐈 é – γ=7.5 a\u200db"),
    ],
)
def test_what_is_shown(text: str, shown: str) -> None:
    assert fit(text) == shown


def test_no_control_character_is_left_but_tabs_and_line_ends() -> None:
    every = fit("".join(map(chr, range(0x3000))))
    assert {letter for letter in every if unicodedata.category(letter) == "Cc"} == {"\t", "\n"}
    assert not any(
        unicodedata.bidirectional(letter) in ("LRO", "RLO", "LRE", "RLE", "PDF", "LRI", "RLI", "FSI", "PDI")
        for letter in every
    )


def test_what_is_said_of_an_error_has_no_secret_either() -> None:
    assert sayable("\x1b[2Jhttps://me:pw@h/a?k=v: no such file") == "␛[2Jhttps://…@h/a?…: no such file"
