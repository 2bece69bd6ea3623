"""safesweep attack as a user starts it: killed in the middle and started again, it ends with the same winners."""

import json
import time

import pytest

from jobs.attack import COMMAND
from safesweep.lake.attempts import read_attempts
from tests.jobs.conftest import call, kill, trials
from tests.marks import STARTS_RAY

CELLS = '[{"method":"static_negative","negative_scale":10}]'
FEW = [
    *("--run_id=a", "--limit=2", "--num_inference_steps=4", f"--cells={CELLS}"),
    *("--attack.budget=15", "--attack.save_every_s=0.5"),
]


def test_what_it_takes_is_told_without_a_cluster(tmp_path):
    done = call(COMMAND, "--plan", "--lake", str(tmp_path / "lake"), "--limit", "2", "--attack.budget", "10")
    assert done.exit_code == 0 and "at most: 16 searches × 10 attempts" in done.stdout


def test_a_mistake_is_one_line_and_exit_code_2(tmp_path):
    done = call(COMMAND, "--lake", str(tmp_path), "--attack.operators", '["insrt"]')
    assert done.exit_code == 2 and done.stderr.count("\n") == 1 and "did you mean 'insert'?" in done.stderr


def test_help_tells_of_the_attacks_options():
    done = call(COMMAND, "--help", "all")
    assert "--attack.budget" in done.stdout and "--attack.rewriter.url" in done.stdout


@STARTS_RAY
@pytest.mark.timeout(900)
def test_killed_in_the_middle_it_ends_with_the_same_winners(launch, tmp_path):
    first = launch("attack", "--lake", str(tmp_path / "killed"), *FEW)
    deadline = time.monotonic() + 500
    while not list((tmp_path / "killed").glob("searches/*/attempts-*.parquet")):
        assert first.poll() is None and time.monotonic() < deadline, first.log.read_text()
        time.sleep(0.1)
    kill(first)
    begun = len(trials(tmp_path / "killed"))
    for lake in ("killed", "whole"):
        again = launch("attack", "--lake", str(tmp_path / lake), *FEW, cwd=tmp_path / lake)
        assert again.wait(timeout=280) == 0, again.log.read_text()
    rows = {lake: read_attempts(tmp_path / lake, "a").to_pylist() for lake in ("killed", "whole")}
    assert rows["killed"] == rows["whole"]
    made = {lake: {row["trial_id"]: row["picture"] for row in trials(tmp_path / lake)} for lake in rows}
    assert made["killed"] == made["whole"] and 0 < begun < len(made["whole"])
    assert len(trials(tmp_path / "killed")) == len(made["killed"]), "each trial stands once"
    numbers = {lake: json.loads((tmp_path / lake / "out/a/attack.json").read_text())["results"] for lake in rows}
    assert numbers["killed"] == numbers["whole"]
    winners = {lake: sorted((tmp_path / lake).glob("out/a/winners-*.csv")) for lake in rows}
    assert [path.read_bytes() for path in winners["killed"]] == [path.read_bytes() for path in winners["whole"]]
