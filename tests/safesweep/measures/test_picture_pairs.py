"""Pairs of pictures, with what each side brings along."""

import numpy as np

from safesweep.lake.pictures import png
from safesweep.lake.reader import run_files
from safesweep.measures.picture_pairs import picture_pairs
from tests.safesweep.lake.rows import trial

NONE, GUIDED = ("none", "none"), ("sld", "sld strong")


def made(number, cell, prompt, grey, side=8, **further):
    picture = png(np.full((side, 8, 3), grey, np.uint8))
    return trial(
        number,
        method=cell[0],
        cell=cell[1],
        prompt_hash=prompt,
        seed=7,
        picture=picture,
        width=8,
        height=side,
        **further,
    )


def test_each_side_brings_its_own_values_and_sizes_never_meet(write_lake):
    rows = [
        made(0, NONE, "a", 10, seconds=1.0),
        made(1, GUIDED, "a", 14, seconds=2.0),
        made(2, NONE, "b", 7, side=16, seconds=3.0),
        made(3, GUIDED, "b", 7, side=16, seconds=None),
        made(4, GUIDED, "c", 7),
        made(5, NONE, "d", 7, status="unscored"),
        made(6, GUIDED, "d", 7),
    ]
    files = run_files(write_lake(rows[:3], rows[3:]), "r").complete
    sets = {rows[0]["prompt_set"]}
    batches = list(picture_pairs(files, sets, GUIDED, NONE, 8, ("seconds", "method")))
    assert all(len({pair.baseline.shape for pair in batch}) == 1 for batch in batches)
    found = {pair.cluster: (pair.apart, pair.before, pair.after) for batch in batches for pair in batch}
    assert found == {
        "a": (4.0, (1.0, "none"), (2.0, "sld")),
        "b": (0.0, (3.0, "none"), (None, "sld")),
    }
    assert not list(picture_pairs(files, set(), GUIDED, NONE, 8))
