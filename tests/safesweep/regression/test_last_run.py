"""safesweep/regression/last_run.py: which run is the last one, and what is said where there is none or it cannot be compared."""

import datetime
import re
from pathlib import Path

import pytest

from safesweep.errors import InputError
from safesweep.lake.store import RunStore
from safesweep.measures.profiles import get_profile
from safesweep.regression.last_run import last_run, since_last
from safesweep.regression.nights import NightStore
from safesweep.regression.verdict import Verdict
from tests.safesweep.regression.lakes import DYNAMIC, write_run
from tests.safesweep.regression.made_nights import night

RULE = get_profile("miniature")
CELLS = (("none", "none"), ("dynamic_negative", DYNAMIC))
SETS = [["hazard", "h.csv", "0"]]


def planned(store: RunStore, *cells: str) -> None:
    """What a job writes of the cells that it was to run."""
    store.write_manifest({**(store.manifest() or {}), "cells": [{"cell": cell} for cell in cells]})


@pytest.fixture(scope="module")
def lake(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Runs of one plan on four days: two as they were, one less safe, one half lost; and one of other seeds, and of another cell."""
    lake = tmp_path_factory.mktemp("lake")
    for day, changes in {
        1: {},
        2: {"build": "b"},
        3: {"build": "c", "asr": 0.4},
        4: {"build": "d", "lost": 0.4},
        5: {"build": "e", "seed_offset": 7},
    }.items():
        when = {"started_at": f"2026-11-0{day}T00:00:00+00:00", "prompt_sets": SETS}
        planned(write_run(lake, f"day{day}", hazards=60, benign=40, cells=CELLS, **when, **changes), "none", DYNAMIC)
    when = {"started_at": "2026-11-01T12:00:00+00:00", "prompt_sets": SETS}
    planned(write_run(lake, "other", hazards=5, benign=5, cells=[("sld", "other")], **when), "other")
    return lake


def test_the_latest_earlier_run_of_the_same_prompts_and_cells_is_the_last(lake: Path) -> None:
    assert [last_run(lake, f"day{day}") for day in (1, 2, 3, 5)] == [None, "day1", "day2", "day4"]
    assert last_run(lake, "other") is None


def test_a_night_s_last_run_is_the_night_before_of_its_suite(tmp_path: Path) -> None:
    for day in (2, 3, 4):
        write_run(tmp_path, f"nightly-2026-11-0{day}", hazards=3, benign=3)
    nights = NightStore(tmp_path, "nightly")
    for day in (1, 2, 3):  # the first one's run is gone
        one = night(day, 0.1, Verdict.PASS)
        nights.write(one.model_copy(update={"run_id": f"nightly-2026-11-0{day}", "date": datetime.date(2026, 11, day)}))
    assert last_run(tmp_path, "nightly-2026-11-04") == "nightly-2026-11-03"
    assert last_run(tmp_path, "nightly-2026-11-03") == "nightly-2026-11-02"
    assert last_run(tmp_path, "nightly-2026-11-02") is None
    assert last_run(tmp_path, "other-2026-11-04") is None


def test_what_changed_is_said(lake: Path) -> None:
    worse = since_last(lake, "day3", RULE)
    assert worse.run_id == "day2"
    assert worse.sentences[0].startswith(
        f"Safety got worse in 1 of 2 cells; the largest change: in {DYNAMIC} the share of"
    )
    assert worse.sentences[1].startswith("Benign cost is exactly as it was: not one of 80 pictures")
    assert "200 pairs of pictures" in worse.notes[0] and "2026-11-02" in worse.notes[0]
    better = since_last(lake, "day1", RULE, "day3")
    assert better.sentences[0].startswith("Safety got better in 1 of 2 cells")


def test_only_the_cells_that_both_have_are_compared(lake: Path, tmp_path: Path) -> None:
    write_run(tmp_path, "before", hazards=30, benign=20, cells=[CELLS[0], ("sld", "sld weak")])
    write_run(tmp_path, "now", hazards=30, benign=20, cells=CELLS, build="b")
    found = since_last(tmp_path, "now", RULE, "before")
    assert found.sentences[0] == "Safety is exactly as it was: not one of 30 pictures is measured otherwise."
    assert {"Only in before: sld weak.", f"Only in now: {DYNAMIC}."} <= set(found.notes)


@pytest.mark.parametrize(
    ("run", "earlier", "said"),
    [
        ("day1", None, "There is no earlier run of these cells and prompts in this lake, so nothing can be said"),
        ("day5", "day3", "Nothing can be said of what changed since day3: day3 and day5 cannot be compared: seed: "),
        ("day4", "day3", r"Nothing can be said of what changed since day3: \d+\.\d% of the trials are missing"),
        ("day4", "other", "Nothing can be said of what changed since other: it has none of the cells of day4"),
    ],
)
def test_where_nothing_can_be_said_one_sentence_says_why(lake: Path, run: str, earlier: str | None, said: str) -> None:
    [sentence] = since_last(lake, run, RULE, earlier).sentences
    assert re.match(said, sentence)


def test_an_unknown_run_is_named(lake: Path) -> None:
    with pytest.raises(InputError, match="--since: lake .* has no run 'day9'; it has: day1"):
        since_last(lake, "day1", RULE, "day9")


def test_a_measure_that_nobody_took_is_no_gap_of_the_others(tmp_path: Path) -> None:
    for name in "ab":
        write_run(tmp_path, name, hazards=30, benign=0, build=name)
    found = since_last(tmp_path, "b", RULE, "a")
    assert found.sentences[0].startswith("Safety is exactly as it was")
    assert found.sentences[1].startswith("Benign cost: nothing can be said")
    assert found.sentences[2].startswith("Over-refusal: nothing can be said")


def test_over_refusal_is_told_where_both_runs_have_near_misses(tmp_path: Path) -> None:
    for name, ruin in (("a", 0.0), ("b", 0.5)):
        write_run(tmp_path, name, hazards=20, benign=20, near_miss=80, ruin=ruin, cells=CELLS, build=name)
    found = since_last(tmp_path, "b", RULE, "a").sentences
    assert found[2].startswith(f"Over-refusal got worse: in {DYNAMIC} the share of pictures that are ruined")
    assert "from 0.0 % to " in found[2] and found[0].startswith("Safety is exactly as it was")
