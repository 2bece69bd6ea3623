"""How far a run is: the numbers, and the file that others read."""

from dataclasses import replace

import pytest

from safesweep.lake.layout import run_ids
from safesweep.lake.progress import (
    ENGINE_SUMS,
    Progress,
    progress_path,
    read_progress,
    remove_progress,
    total,
    write_progress,
)

ENGINE = dict.fromkeys(ENGINE_SUMS, 0.0) | {
    "steps": 300,
    "trials": 10,
    "rows": 600,
    "forward_seconds": 45.0,
    "seconds": 60.0,
}
START = Progress(since=1000.0, at=1060.0, expected=120, before=20, stored=25, steps_expected=2000)


def working(**changes) -> Progress:
    given = {"working_since": 1020.0, "engines": 2, "sums": total([ENGINE, {**ENGINE, "steps": 200}]), **changes}
    return replace(START, **given)


def test_before_the_first_step_nothing_is_foretold():
    assert working(working_since=1057.0).seconds_left is None, "three seconds are no pace"
    assert START.seconds_left is None and START.rows_per_second == START.forward_share == 0.0


def test_the_engines_steps_foretell_the_end_before_a_trial_is_stored():
    # 500 of 2,000 steps in 40 s: 1,500 more take 120 s
    assert working(stored=20).share == 0.25 and working(stored=20).seconds_left == pytest.approx(120.0)


def test_once_the_engines_have_ended_the_lake_does():
    ended = working(sums=total([{**ENGINE, "steps": 2000}]), stored=100)
    assert ended.share == 0.8 and ended.seconds_left == pytest.approx(10.0)
    # failed trials never take all their steps
    assert working(stored=120).share == 1.0 and working(stored=120).seconds_left == 0.0


def test_rates_are_of_all_engines_together():
    assert working().rows_per_second == pytest.approx(2 * 1200 / 120) and working().forward_share == pytest.approx(0.75)


def test_nothing_to_do_is_done():
    assert replace(START, before=120, stored=120, steps_expected=0).share == 1.0


def test_what_is_written_is_read_and_is_no_run(tmp_path):
    assert read_progress(tmp_path, "night") is None
    write_progress(tmp_path, "night", working())
    assert read_progress(tmp_path, "night") == working() and run_ids(tmp_path) == []
    remove_progress(tmp_path, "night")
    assert list(tmp_path.rglob("*.progress")) == []
    remove_progress(tmp_path, "night")


@pytest.mark.parametrize("content", ["{", "[]", '{"since": 1}'])
def test_what_cannot_be_understood_is_nothing(content, tmp_path):
    path = progress_path(tmp_path, "night")
    path.parent.mkdir()
    path.write_text(content)
    assert read_progress(tmp_path, "night") is None
