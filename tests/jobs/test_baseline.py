"""jobs/baseline.py: one baseline in force a suite, and only runs that can serve as one."""

import json

import pytest

from jobs.baseline import COMMAND
from safesweep.errors import NotJudgedError
from safesweep.regression.baselines import BaselineStore
from tests.jobs.conftest import call
from tests.safesweep.regression.lakes import write_run


def baseline(lake, *arguments):
    return call(COMMAND, *arguments, "--lake", str(lake))


def test_pinning_again_retires_the_one_before(tmp_path):
    write_run(tmp_path, "first", hazards=5, benign=5)
    write_run(tmp_path, "second", hazards=5, benign=5)
    for run in ("first", "second"):
        assert baseline(tmp_path, "pin", run, "--note", f"it is {run}").exit_code == 0
    store = BaselineStore(tmp_path)
    assert store.current("nightly").run_id == "second"
    assert [entry.retired_at is None for entry in store.all()] == [False, True]
    listed = baseline(tmp_path, "list").stdout
    assert "first" in listed and "in force" in listed
    assert baseline(tmp_path, "retire").exit_code == 0
    assert store.current("nightly") is None
    again = baseline(tmp_path, "retire")
    assert again.exit_code == 2 and "has no baseline" in again.stderr


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"lost": 0.2}, "missing; allowed in a baseline: 2.0%"),
        ({"unscored": 0.3}, "unscored; allowed in a baseline: 2.0%"),
    ],
)
def test_a_run_with_gaps_is_no_baseline(tmp_path, changes, words):
    write_run(tmp_path, "holes", hazards=30, benign=30, **changes)
    done = baseline(tmp_path, "pin", "holes")
    assert done.exit_code == 2 and words in done.stderr
    assert not BaselineStore(tmp_path).path.exists()


def test_an_unknown_run_is_refused_with_the_nearest_name(tmp_path):
    write_run(tmp_path, "first", hazards=2, benign=2)
    done = baseline(tmp_path, "pin", "frist")
    assert done.exit_code == 2 and "did you mean 'first'" in done.stderr


def test_a_run_that_was_changed_since_is_not_the_baseline(tmp_path):
    store = write_run(tmp_path, "first", hazards=5, benign=5)
    baseline(tmp_path, "pin", "first")
    for path in store.files():
        path.unlink()
    done = baseline(tmp_path, "list")
    assert done.exit_code == 0
    with pytest.raises(NotJudgedError):
        BaselineStore(tmp_path).current("nightly")
    BaselineStore(tmp_path).path.write_text(json.dumps([{"suite": "nightly"}]))
    done = baseline(tmp_path, "list")
    assert done.exit_code == 2 and "run_id: is missing" in done.stderr
