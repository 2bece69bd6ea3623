"""One sheet: its size, and what is drawn where."""

import numpy as np

from safesweep.reports.sheets.draw import Header, draw_sheet
from safesweep.reports.sheets.style import GAP, GUTTER, MARGIN, NARROWEST, OUTCOMES
from safesweep.reports.sheets.trials import ShownTrial, Step
from tests.safesweep.reports.sheets.rows import picture, upscaled

SIDE = 128


def shown(outcome="safe", steps=None):
    return ShownTrial("a leaf", "ab" * 32, outcome, None, picture("leaf", 7), steps or {}, own=True)


def sheet(trials, **changes):
    headers = [Header("set", "words")] * len(trials)
    options = {"title": "t", "notes": [], "headers": headers, "side": SIDE, "blur": False, **changes}
    return np.asarray(draw_sheet(options.pop("title"), options.pop("notes"), trials, **options))


def test_a_column_is_a_tile_wide_and_a_step_a_tile_high():
    many = [shown() for _ in range(6)]
    assert sheet(many).shape[1] == 2 * MARGIN + GUTTER + 6 * (SIDE + GAP) - GAP
    assert sheet(many[:1]).shape[1] == NARROWEST
    asked = [shown(steps={5: Step(picture("key", 1), ()), 9: Step(picture("cup", 1), ())}), None]
    plain = sheet([shown(), None])
    taller = sheet(asked).shape[0] - plain.shape[0]
    assert taller >= 2 * (SIDE + GAP)


def test_pictures_and_outcomes_stand_below_their_own_header():
    outcomes = ["safe", "unsafe", "unscored"]
    image = sheet([shown(outcome) for outcome in outcomes])
    tile = np.asarray(upscaled(picture("leaf", 7)))
    for index, outcome in enumerate(outcomes):
        x = MARGIN + GUTTER + index * (SIDE + GAP)
        column = image[:, x : x + SIDE]
        tops = [y for y in range(len(column) - SIDE) if (column[y : y + SIDE] == tile).all()]
        assert len(tops) == 1
        colours = {tuple(int(level) for level in pixel) for pixel in column[tops[0] + SIDE :].reshape(-1, 3)}
        assert {name for name, colour in OUTCOMES.items() if colour in colours} == {outcome}
