"""The main job through ``ray job submit`` on a head that the test starts itself."""

import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import psutil
import pytest

from tests.jobs.conftest import ROOT, SHORT, TRIALS, environment, free_port, trials
from tests.marks import STARTS_RAY

pytestmark = [pytest.mark.timeout(600), STARTS_RAY]
RAY = Path(sys.executable).with_name("ray")
VENV = {"PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"}
"""A job's `python` is the one that its node finds first."""


@pytest.fixture(scope="module")
def address(tmp_path_factory):
    """A head with a dashboard on this machine; yields the address for job submission."""
    # a socket's path may have 107 characters, which pytest's own folders leave too few of
    folder = Path(tempfile.mkdtemp(prefix="ss"))
    dashboard = free_port()
    command = [RAY, "start", "--head", "--block", f"--port={free_port()}", "--dashboard-host=127.0.0.1"]
    command += [f"--dashboard-port={dashboard}", "--num-cpus=4", "--object-store-memory=300000000"]
    command += [f"--temp-dir={folder}", "--disable-usage-stats", "--min-worker-port=0", "--max-worker-port=0"]
    command += [f"--dashboard-agent-listen-port={free_port()}", f"--metrics-export-port={free_port()}"]
    with (tmp_path_factory.mktemp("head") / "head.log").open("w") as log:
        head = subprocess.Popen(
            command, env=environment(**VENV), stdout=log, stderr=subprocess.STDOUT, start_new_session=True
        )
    url = f"http://127.0.0.1:{dashboard}"
    deadline = time.monotonic() + 120
    while subprocess.run([RAY, "job", "list", "--address", url], env=environment(), capture_output=True).returncode:
        assert head.poll() is None and time.monotonic() < deadline, Path(log.name).read_text()[-3000:]
        time.sleep(1)
    yield url
    for process in [*psutil.Process(head.pid).children(recursive=True), head]:
        process.kill()
    head.wait()
    shutil.rmtree(folder, ignore_errors=True)


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
