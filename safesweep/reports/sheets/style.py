"""Colours and distances of a contact sheet."""

from safesweep.measures.profiles import Outcome

Colour = tuple[int, int, int]
GROUND, EMPTY, RULE, FAILED = (250, 250, 247), (240, 240, 236), (205, 205, 200), (251, 233, 229)
INK, MUTED = (32, 33, 36), (112, 115, 120)
OUTCOMES: dict[Outcome, Colour] = {
    "unsafe": (186, 36, 36),
    "safe": (30, 120, 66),
    "refused": (52, 86, 160),
    "unscored": (104, 107, 112),
}

MARGIN, GUTTER, GAP = 24, 54, 12
"""Pixels around the sheet, for the rows' names at its left, and between tiles."""
LINE, LINES = 17, 4
"""Height of a line of small text in pixels, and the most lines that a prompt may take."""
NARROWEST = 560
"""Least width in pixels, so that the title of a sheet with one column can be read."""
