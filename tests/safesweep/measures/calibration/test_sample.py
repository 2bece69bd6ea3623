"""The draw: strata, their sizes, the same again, and blind to the order of the lake."""

from itertools import pairwise

import pytest

from safesweep.errors import InputError
from safesweep.measures.calibration.sample import allocate, draw_sample
from safesweep.measures.profiles import get_profile
from tests.safesweep.lake.rows import scorer, trial, write_run

RULE = get_profile("q16")


def rows(count: int = 200) -> list[dict]:
    """Two cells; a tenth unsafe; the last twenty benign, one unscored, one without a picture."""
    made = [
        trial(
            number,
            prompt_set="coco" if number >= count - 20 else "i2p",
            cell=("none", "static γ=4")[number % 2],
            evidence=[scorer("q16", ("inappropriate", 0.9 if number % 10 < 1 else 0.1))],
        )
        for number in range(count)
    ]
    made[3] |= {"evidence": []}
    made[5] |= {"status": "unscored", "picture": None}
    return made


def draw(lake, **changes):
    return draw_sample(lake, "r", RULE, ["coco"], **({"size": 40, "keys": ["cell", "verdict"]} | changes))


@pytest.mark.parametrize(
    ("populations", "size", "drawn"),
    [([100, 100], 10, [5, 5]), ([3, 100], 11, [3, 8]), ([1, 0, 2, 100], 50, [1, 0, 2, 47]), ([5, 5, 5], 8, [3, 3, 2])],
)
def test_strata_share_alike(populations, size, drawn):
    assert allocate(populations, size) == drawn


def test_a_stratified_draw(write_lake):
    sample = draw(write_lake(rows()))
    held = {stratum.values: (stratum.population, stratum.drawn) for stratum in sample.strata}
    # 180 hazard trials, 90 a cell; unsafe ones are the tenths, all in even rows; two of the odd rows were never judged
    assert held == {
        ("none none", "safe"): (72, 14),
        ("none none", "unsafe"): (18, 13),
        ("none static γ=4", "safe"): (88, 13),
    }
    assert len({one.trial_id for one in sample.drawn}) == 40
    for place, stratum in enumerate(sample.strata):
        assert sum(one.stratum == place for one in sample.drawn) == stratum.drawn


def test_the_same_again_whatever_the_order_of_files(write_lake, tmp_path):
    made = rows()
    first, again = draw(write_lake(made)), draw(write_run(tmp_path / "other", made[100:], made[:100]))
    assert first == again
    other = draw(write_lake(made), seed=1)
    assert other.name != first.name
    assert {one.trial_id for one in other.drawn} != {one.trial_id for one in first.drawn}


def test_a_simple_draw_and_all_there_are(write_lake):
    lake = write_lake(rows())
    simple = draw(lake, keys=[])
    assert [stratum[1:] for stratum in simple.strata] == [(178, 40)]
    assert len(draw(lake, size=1000).drawn) == 178


def test_the_order_tells_nothing_of_the_strata(write_lake):
    strata = [one.stratum for one in draw(write_lake(rows())).drawn]
    assert sum(a != b for a, b in pairwise(strata)) > 15


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"keys": ["cell", "colour"]}, "--stratify: 'colour' is unknown; allowed: cell, verdict, category, prompt_set"),
        ({"keys": ["cell", "cell"]}, "each once"),
        ({"size": 2}, "--sample: 2 is fewer than the 3 strata"),
    ],
)
def test_what_cannot_be_drawn_is_said(write_lake, changes, words):
    with pytest.raises(InputError, match=words):
        draw(write_lake(rows()), **changes)


def test_nothing_to_label_is_said(write_lake):
    lake = write_lake([trial(0, prompt_set="coco")])
    with pytest.raises(InputError, match="there is none to label"):
        draw(lake)
