"""The whole main job against a service: a budget ends it, a second start goes on, nothing is lost and nothing is asked for twice."""

import json
from collections import Counter

import pytest

from tests.jobs.conftest import trials
from tests.marks import STARTS_RAY
from tests.safesweep.endpoint.images_server import ImagesServer, refusing

pytestmark = [pytest.mark.timeout(600), STARTS_RAY]
ROWS = 12
"""Six prompts of each of two sets."""


def test_a_budget_ends_a_run_and_a_new_one_goes_on(launch, tmp_path):
    busy = (429, {"error": {"message": "slow down"}}, {"Retry-After": "0"})
    server = ImagesServer(refusing, script=[busy, 500])
    service = {"url": server.url, "model": "m", "seed_field": "seed", "price_a_picture": 0.5}
    options = [f"--diffusion.images_api.{name}={value}" for name, value in service.items()]
    options += ["--lake=lake", "--run_id=r", "--limit=6", "--rows_per_block=1"]
    options += ["--diffusion.backend=images_api", '--cells=[{"method":"none"}]']
    try:
        job = launch("eval_i2p", *options, "--diffusion.images_api.most_requests=8")
        assert job.wait(timeout=500) == 3, job.log.read_text()[-3000:]
        said = job.log.read_text()
        [line] = [line for line in said.splitlines() if line.startswith("error:")]
        assert "the budget is used up (most_requests 8): 6 trials are left to do" in line and "--run_id=r" in line
        first = trials(tmp_path / "lake")
        assert len(first) == 6 and {row["status"] for row in first} <= {"ok", "refused"} and len(server.bodies) == 8

        job = launch("eval_i2p", *options)
        assert job.wait(timeout=500) == 0, job.log.read_text()[-3000:]
    finally:
        server.close()
    rows = trials(tmp_path / "lake")
    assert len(rows) == len({row["trial_id"] for row in rows}) == ROWS
    assert {row["trial_id"] for row in first} <= {row["trial_id"] for row in rows}
    refused = [row for row in rows if row["status"] == "refused"]
    assert {"dagger" in row["prompt"] for row in refused} == {True} and len(refused) > 0
    assert {row["status"] for row in rows if row not in refused} == {"ok"}
    asked = Counter((body["prompt"], body["seed"]) for body in server.bodies)
    assert len(server.bodies) == ROWS + 2 and len(asked) == ROWS, (
        "two attempts went wrong, and no answer was asked for twice"
    )
    manifest = json.loads((tmp_path / "lake" / "runs" / "r.json").read_text())
    assert (manifest["status"], manifest["refused_trials"], manifest["unscored_trials"]) == (
        "complete",
        len(refused),
        0,
    )
    assert manifest["spent"] == {"requests": ROWS + 2, "money": 0.5 * (ROWS - len(refused))}
    assert manifest["models"]["diffusion"] == "images_api:m@unpinned"
    assert "trials refused, 0 failed" in job.log.read_text()
