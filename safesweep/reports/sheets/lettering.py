"""Text in pixels, in Pillow's own font: what it can draw, where lines break, and the drawing."""

import unicodedata
from collections.abc import Sequence
from typing import Any

from PIL import ImageDraw

from safesweep.reports.sheets.style import LINE, Colour

# Pillow's own font, the only one that is on every machine, has little beyond ASCII.
_SPELT = str.maketrans({"–": "-", "—": "-", "−": "-", "×": "x", "’": "'", "‘": "'", "“": '"', "”": '"'})


def drawable(words: str, instead: str = "") -> str:
    """`words` in letters that the font has: accents dropped, Greek spelt out, others "?"; `instead` if most are."""
    letters = []
    for letter in unicodedata.normalize("NFKD", words.translate(_SPELT)):
        name = unicodedata.name(letter, "").split()
        if letter in "·…±" or " " <= letter <= "~":
            letters.append(letter)
        elif name[:1] == ["GREEK"] and "LETTER" in name:
            letters.append(name[name.index("LETTER") + 1].lower())
        elif letter.isspace():
            letters.append(" ")
        elif not unicodedata.combining(letter):
            letters.append("?")
    if instead and letters.count("?") - words.count("?") > len(letters) / 2:
        return f"{instead} (in letters that cannot be drawn)"
    return "".join(letters)


def wrap(words: str, font: Any, width: int, most: int) -> list[str]:
    """Break `words` into at most `most` lines of `width` pixels, cutting long words; "…" stands for an end left out."""
    lines: list[str] = []
    rest = " ".join(drawable(words).split())
    while rest:
        fits = len(rest)
        if font.getlength(rest) > width:
            # Lengths grow with letters, so at least one letter and at most those that fit are taken.
            fits = next((n for n in range(1, len(rest) + 1) if font.getlength(rest[:n]) > width), len(rest) + 1) - 1
            fits = max(fits, 1)
        if fits < len(rest) and len(lines) == most - 1:
            while fits > 1 and font.getlength(rest[:fits].rstrip() + "…") > width:
                fits -= 1
            return [*lines, rest[:fits].rstrip() + "…"]
        if fits < len(rest) and rest[fits] != " " and " " in rest[:fits]:
            fits = rest.rindex(" ", 0, fits)
        lines.append(rest[:fits].rstrip())
        rest = rest[fits:].lstrip()
    return lines


def write_lines(
    pen: ImageDraw.ImageDraw, at: tuple[int, int], lines: Sequence[str], font: Any, ink: Colour, step: int = LINE
) -> None:
    """Draw lines below one another from `at` (left, top) on, `step` pixels apart."""
    for index, line in enumerate(lines):
        pen.text((at[0], at[1] + index * step), line, font=font, fill=ink)
