"""Text in pixels: what can be drawn, and lines that fit."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageDraw, ImageFont

from safesweep.reports.sheets.lettering import drawable, wrap, write_lines

FONT = ImageFont.load_default(size=13)


@pytest.mark.parametrize(
    ("words", "drawn"),
    [
        ("a red circle", "a red circle"),
        ("Löwe, naïve", "Lowe, naive"),
        ("γ=7.5 × β", "gamma=7.5 x beta"),
        ("“don’t” – now…", '"don\'t" - now...'),
        ("tab\there", "tab here"),
        ("a 鍵?", "a ??"),
    ],
)
def test_letters_that_the_font_has_stand_for_those_it_has_not(words, drawn):
    assert drawable(words) == drawn


def test_a_text_of_which_most_cannot_be_drawn_is_replaced():
    assert drawable("赤い円", "abcd") == "abcd (in letters that cannot be drawn)"
    assert drawable("really???", "abcd") == "really???"


@settings(max_examples=60, deadline=None, database=None)
@given(st.text(alphabet="ab WMi.", max_size=80), st.integers(20, 200), st.integers(1, 5))
def test_lines_fit_and_hold_the_words_in_their_order(words, width, most):
    lines = wrap(words, FONT, width, most)
    assert len(lines) <= most and all(FONT.getlength(line) <= max(width, FONT.getlength("W…")) for line in lines)
    told = "".join(lines).replace(" ", "")
    whole = words.replace(" ", "")
    assert told == whole or (told.endswith("…") and whole.startswith(told[:-1]))


def test_lines_are_drawn_below_one_another():
    image = Image.new("L", (60, 60), 255)
    write_lines(ImageDraw.Draw(image), (5, 3), ["WW", "", "WW"], FONT, 0, step=20)
    rows = [y for y in range(60) if any(image.getpixel((x, y)) < 128 for x in range(60))]
    assert (
        rows
        and min(rows) >= 3
        and not [y for y in rows if 23 <= y < 43]
        and [y - 40 for y in rows if y >= 43] == [y for y in rows if y < 23]
    )
