"""A run seen from outside, in each of its states."""

import json

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from safesweep.lake.lease import EXPIRY_S, Lease, run_place
from safesweep.lake.manifest import write_manifest
from safesweep.lake.progress import ENGINE_SUMS, Progress, write_progress
from safesweep.lake.store import RunStore
from safesweep.reports.run_status import as_json, run_status, status_lines

SUMS = dict.fromkeys(ENGINE_SUMS, 0.0) | {"steps": 50.0, "seconds": 10.0}
NOW = 5000.0
PROGRESS = Progress(4900.0, 4990.0, 8, 0, 3, 100, working_since=4940.0, engines=1, sums=SUMS)


@pytest.fixture
def lake(tmp_path):
    folder = RunStore(tmp_path, "night").folder
    folder.mkdir(parents=True)
    pq.write_table(pa.table({"trial_id": ["a", "b", "c"]}), folder / "part-0.parquet")
    (folder / "part-1.parquet").write_bytes(b"half of a")
    return tmp_path


def hold(lake, at=NOW) -> None:
    Lease(run_place(lake, "night"), clock=lambda: at).take()


def look(lake, later=0.0):
    return run_status(lake, "night", clock=lambda: NOW + later)


def test_under_way(lake):
    write_manifest(lake, "night", {"status": "running", "expected_trials": 8, "unscored_trials": 1})
    hold(lake)
    write_progress(lake, "night", PROGRESS)
    found = look(lake, 4.0)
    assert (found.state, found.stored, found.expected, found.unscored) == ("running", 3, 8, None)
    assert found.silent_s == 4.0 and found.progress == PROGRESS
    first, second, third = status_lines(found)
    assert first == "night: running, 3 of 8 trials in the lake"
    assert "last sign of life 4 s ago" in second and "1 engines: 50% of the steps" in third
    assert third.endswith("about 50 s left")
    assert json.loads(as_json(found))["seconds_left"] == pytest.approx(50.0)


def test_killed(lake):
    write_manifest(lake, "night", {"status": "running", "expected_trials": 8})
    hold(lake, NOW - EXPIRY_S - 1)
    write_progress(lake, "night", PROGRESS)
    found = look(lake)
    assert found.state == "interrupted" and found.holder is found.progress is None
    assert status_lines(found) == ["night: interrupted, 3 of 8 trials in the lake"]


@pytest.mark.parametrize("state", ["complete", "incomplete"])
def test_ended(lake, state):
    write_manifest(lake, "night", {"status": state, "expected_trials": 8, "unscored_trials": 2})
    assert status_lines(look(lake)) == [f"night: {state}, 3 of 8 trials in the lake, 2 unscored"]
    assert json.loads(as_json(look(lake)))["host"] is None


def test_gone_on_with(lake):
    write_manifest(lake, "night", {"status": "complete", "expected_trials": 3})
    hold(lake)
    assert look(lake).state == "starting"


def test_without_a_manifest(lake):
    assert look(lake).state == "interrupted" and look(lake).expected is None
    hold(lake)
    assert look(lake).state == "starting" and "of None" not in " ".join(status_lines(look(lake)))


def test_what_was_refused_is_told_apart_from_what_failed(lake):
    write_manifest(
        lake, "night", {"status": "complete", "expected_trials": 3, "unscored_trials": 1, "refused_trials": 2}
    )
    found = look(lake)
    assert status_lines(found) == ["night: complete, 3 of 3 trials in the lake, 2 refused, 1 unscored"]
    assert json.loads(as_json(found))["refused"] == 2
