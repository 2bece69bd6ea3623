"""A short rain on the main job, and a long one with LONG_TESTS=1: nothing is lost by it."""

import json
import os
import subprocess
import sys

import pytest

from benchmarks.chaos import ZERO
from safesweep.files import ROOT
from tests.jobs.conftest import environment
from tests.marks import SLOW, STARTS_RAY

LONG = pytest.mark.skipif("LONG_TESTS" not in os.environ, reason="half an hour: LONG_TESTS=1 runs it")
pytestmark = [STARTS_RAY, SLOW]


def rained(folder, *options: str, limit_s: float) -> dict:
    """What the benchmark says at its end."""
    command = [sys.executable, str(ROOT / "benchmarks" / "chaos.py"), f"--out={folder}", *options]
    done = subprocess.run(command, cwd=folder, env=environment(), capture_output=True, text=True, timeout=limit_s)
    said = done.stdout + done.stderr[-3000:]
    assert done.stdout.strip(), said
    found = json.loads(done.stdout.splitlines()[-1])
    assert {name: found[name] for name in ZERO} == dict.fromkeys(ZERO, 0), said
    assert done.returncode == 0, said
    fell = [
        line for line in map(json.loads, (folder / "rain.jsonl").read_text().splitlines()) if line["what"] != "left"
    ]
    assert fell[0]["what"] == "seed" and sum(line["what"] in found["kinds"] for line in fell) == found["kills"]
    return found


@pytest.mark.timeout(2700)
def test_a_short_rain_costs_nothing(tmp_path):
    found = rained(tmp_path, "--short", "--minutes=1", "--seed=4", limit_s=2600)
    assert found["runs"] >= 1 and found["kills"] >= 3 and len(found["kinds"]) >= 3
    assert found["trials"] == found["runs"] * 2 * 3 * 3


@LONG
@pytest.mark.timeout(4 * 3600)
def test_a_long_rain_costs_nothing(tmp_path):
    found = rained(tmp_path, "--minutes=20", "--seed=5", limit_s=3 * 3600)
    assert found["kills"] >= 40 and len(found["kinds"]) >= 12
