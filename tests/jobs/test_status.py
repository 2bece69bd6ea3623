"""jobs/status.py: which runs are shown, and when a watch ends."""

import json

import pytest

from jobs.status import COMMAND
from safesweep.lake.lease import Lease, run_place
from safesweep.lake.manifest import write_manifest


@pytest.fixture
def lake(tmp_path):
    for run_id in ("monday", "tuesday"):
        write_manifest(tmp_path, run_id, {"status": "complete", "expected_trials": 0, "unscored_trials": 0})
    return tmp_path


def status(lake, *options: str) -> int:
    return COMMAND.main([*options, "--lake", str(lake)])


def test_every_run_or_one(lake, capsys):
    assert status(lake) == 0
    assert [line.split(":")[0] for line in capsys.readouterr().out.splitlines()] == ["monday", "tuesday"]
    assert status(lake, "tuesday", "--json_lines") == 0
    assert json.loads(capsys.readouterr().out)["run_id"] == "tuesday"


def test_an_unknown_run_is_one_line(lake, capsys):
    assert status(lake, "sunday") == 2
    assert capsys.readouterr().err.startswith("error: run: 'sunday' is not in")


def test_a_watch_ends_with_the_run(lake, capsys, monkeypatch):
    lease = Lease(run_place(lake, "monday"))
    lease.take()
    looks = []

    def sleep(seconds):
        looks.append(seconds)
        if len(looks) == 3:
            lease.release()

    monkeypatch.setattr("jobs.status.time.sleep", sleep)
    assert status(lake, "monday", "--watch", "7") == 0
    assert looks == [7.0] * 3
    assert sum(line.startswith("monday: ") for line in capsys.readouterr().out.splitlines()) == 4
