"""The cell that others are compared with, and by how much their pictures follow the prompt less."""

import pytest

from safesweep.reports.none_cell import baselines_of, clip_changes
from tests.safesweep.reports.summaries import summary

NAN = float("nan")


def test_changes_are_against_the_none_cell_of_the_same_settings() -> None:
    cells = [
        summary("none", "g=4", clip_benign=0.3),
        summary("none", "g=7", clip_benign=0.2),
        summary("static_negative", "γ=5 g=4", clip_benign=0.15),
        summary("static_negative", "γ=5 g=7", clip_benign=0.25),
        summary("static_negative", "γ=5 g=9", clip_benign=0.25),
    ]
    changes = clip_changes(cells)
    assert changes[:4] == pytest.approx([0.0, 0.0, -50.0, 25.0])
    assert clip_changes(cells[4:]) == pytest.approx([NAN], nan_ok=True)
    assert changes[4] != changes[4]
    assert clip_changes([cells[0], cells[4]])[1] == pytest.approx(-100 / 6)
    assert clip_changes([summary(clip_benign=0.0), cells[2]])[1] == pytest.approx(NAN, nan_ok=True)


def test_every_cell_but_the_none_cells_has_its_baseline() -> None:
    cells = [summary("none", "g=4"), summary("none", "g=7"), summary("sld", "strong g=7"), summary("sld", "strong g=9")]
    assert baselines_of(cells) == {("sld", "sld strong g=7"): ("none", "none g=7")}
    assert baselines_of(cells[2:]) == {}
