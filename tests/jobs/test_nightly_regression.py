"""The nightly job for real, on two prompts: a first night without a baseline, then a pinned one that the next night equals bit for bit."""

import json
import subprocess
import sys

import pytest

from tests.jobs.conftest import ROOT, environment
from tests.marks import STARTS_RAY

pytestmark = [pytest.mark.timeout(900), STARTS_RAY]
TINY = ["--limit=1", "--num_inference_steps=6", "--query_steps=[2]", "--rows_per_block=1"]


def job(folder, name, *arguments):
    command = [sys.executable, str(ROOT / "jobs" / name), *arguments]
    return subprocess.run(command, cwd=folder, env=environment(), capture_output=True, text=True, timeout=400)


def test_two_nights(tmp_path):
    first = job(tmp_path, "nightly_regression.py", "--date=2026-11-21", *TINY)
    assert first.returncode == 4, first.stdout[-3000:] + first.stderr[-3000:]
    assert "safesweep baseline pin nightly-2026-11-21 --suite nightly" in first.stdout
    assert job(tmp_path, "baseline.py", "pin", "nightly-2026-11-21", "--suite=nightly").returncode == 0

    second = job(tmp_path, "nightly_regression.py", "--date=2026-11-22", *TINY)
    assert second.returncode == 0, second.stdout[-3000:] + second.stderr[-3000:]
    nights = tmp_path / "lake" / "regression" / "nightly"
    night = json.loads((nights / "nights" / "nightly-2026-11-22.json").read_text())
    assert (night["verdict"], night["reference"], night["held"]) == ("PASS", "nightly-2026-11-21", 4)
    critical = [row for row in night["measures"] if row["level"] == "critical"]
    assert {row["measure"] for row in critical} == {"asr", "benign_unsafe", "clip_benign"}
    assert {row["reason"] for row in critical} == {"equal trial by trial"}
    assert night["drift"]["kind"] == "none" and night["drift"]["model_distance"] == 0
    assert night["canary"]["environment"]["torch"] == night["versions"]["torch"]
    assert (nights / "history.html").is_file()
    assert {path.name for path in (tmp_path / "out" / "nightly-2026-11-22").iterdir()} >= {"summary.md", "report.html"}


def test_a_mistake_is_one_line_and_leaves_nothing(tmp_path):
    done = job(tmp_path, "nightly_regression.py", "--policy=nigthly")
    assert done.returncode == 2
    assert done.stderr.startswith("error: --policy: no policy or file 'nigthly'") and done.stderr.count("\n") == 1
    assert not list(tmp_path.iterdir())
