"""The main job through ``ray job submit`` on a head that the test starts itself."""

import subprocess

import pytest

from tests.jobs.conftest import ROOT, SHORT, TRIALS, environment, trials
from tests.jobs.ray_head import RAY, ray_head
from tests.marks import STARTS_RAY

pytestmark = [pytest.mark.timeout(600), STARTS_RAY]


@pytest.fixture(scope="module")
def address(tmp_path_factory):
    """Of a head on this machine, for job submission."""
    with ray_head(tmp_path_factory.mktemp("head") / "head.log") as head:
        yield head.dashboard


def submit(address: str, *options: str) -> subprocess.CompletedProcess:
    command = [
        RAY,
        "job",
        "submit",
        "--address",
        address,
        "--working-dir",
        ".",
        "--",
        "python",
        "jobs/eval_i2p.py",
        *options,
    ]
    return subprocess.run(command, cwd=ROOT, env=environment(), capture_output=True, text=True, timeout=400)


def test_a_submitted_job_fills_the_lake_and_exits_0(address, tmp_path):
    done = submit(address, *SHORT, "--limit=1", f"--lake={tmp_path / 'lake'}", "--run_id=submitted")
    assert done.returncode == 0, (done.stdout + done.stderr)[-4000:]
    rows = trials(tmp_path / "lake")
    assert len(rows) == TRIALS // 3 and {row["status"] for row in rows} == {"ok"}
    assert "dynamic_negative" in done.stdout


def test_a_submitted_job_passes_its_failure_through(address, tmp_path):
    done = submit(address, "--prompts=missing.csv", f"--lake={tmp_path / 'lake'}")
    assert done.returncode != 0
    assert "error: " in done.stdout + done.stderr and "missing.csv" in done.stdout + done.stderr
    assert not (tmp_path / "lake").exists()
