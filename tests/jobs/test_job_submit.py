"""The main job through ``ray job submit`` on a head that the test starts itself, with a token as the documentation says."""

import secrets
import subprocess

import pytest

from pipelines.cluster_address import named_cluster, running_here
from safesweep.errors import InputError
from tests.jobs.conftest import ROOT, SHORT, TRIALS, environment, trials
from tests.jobs.ray_head import RAY, ray_head
from tests.marks import STARTS_RAY

pytestmark = [pytest.mark.timeout(600), STARTS_RAY]


TOKEN = {"RAY_AUTH_MODE": "token", "RAY_AUTH_TOKEN": secrets.token_hex(32)}


@pytest.fixture(scope="module")
def head(tmp_path_factory):
    """On this machine."""
    with ray_head(tmp_path_factory.mktemp("head") / "head.log", **TOKEN) as head:
        yield head


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
    return subprocess.run(command, cwd=ROOT, env=environment(**TOKEN), capture_output=True, text=True, timeout=400)


def test_a_submitted_job_fills_the_lake_and_exits_0(head, tmp_path):
    done = submit(head.dashboard, *SHORT, "--limit=1", f"--lake={tmp_path / 'lake'}", "--run_id=submitted")
    assert done.returncode == 0, (done.stdout + done.stderr)[-4000:]
    rows = trials(tmp_path / "lake")
    assert len(rows) == TRIALS // 3 and {row["status"] for row in rows} == {"ok"}
    assert "dynamic_negative" in done.stdout


def test_a_submitted_job_passes_its_failure_through(head, tmp_path):
    done = submit(head.dashboard, "--prompts=missing.csv", f"--lake={tmp_path / 'lake'}")
    assert done.returncode != 0
    assert "error: " in done.stdout + done.stderr and "missing.csv" in done.stdout + done.stderr
    assert not (tmp_path / "lake").exists()


def test_a_job_without_the_clusters_token_is_told_so_and_auto_means_this_cluster(head, launch, tmp_path, monkeypatch):
    job = launch("eval_i2p", f"--address={head.address}", f"--lake={tmp_path / 'lake'}")
    assert job.wait(timeout=100) == 2
    [line] = job.log.read_text().strip().splitlines()
    assert line.startswith(
        f"error: address: the cluster at {head.address} does not let this process in: it asks for a token"
    )
    assert not (tmp_path / "lake").exists()
    # where `ray start` keeps the address of its cluster
    monkeypatch.setenv("RAY_TMPDIR", str(head.folder))
    monkeypatch.setenv("RAY_ADDRESS", "auto")
    assert running_here().rpartition(":")[2] == head.address.rpartition(":")[2]
    with pytest.raises(InputError, match="RAY_ADDRESS: the cluster at .* does not let this process in"):
        named_cluster(None)
