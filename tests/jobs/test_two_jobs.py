"""Two runs on one cluster at once, each with a VLM of its own; and one run that is started twice."""

import json
import time

import pytest

from safesweep.vlm.vocabulary import HarmVocabulary
from tests.jobs.conftest import ROOT, trials
from tests.jobs.ray_head import ray_head
from tests.jobs.test_vlm_endpoint_runs import replicas
from tests.marks import STARTS_RAY
from tests.own_ray import no_token

pytestmark = [pytest.mark.timeout(900), STARTS_RAY]


@pytest.fixture
def head(tmp_path):
    """A cluster with room for both."""
    with no_token(), ray_head(tmp_path / "head.log", cpus=16, PYTHONPATH=str(ROOT)) as head:
        yield head


def until(condition, *jobs):
    deadline = time.monotonic() + 400
    while not (found := condition()):
        assert time.monotonic() < deadline and all(job.poll() is None for job in jobs), jobs[0].log.read_text()[-3000:]
        time.sleep(0.2)
    return found


def test_each_is_answered_by_its_own_model_and_a_third_start_of_one_is_refused(start, tmp_path, head):
    cluster = {"RAY_ADDRESS": head.address}
    ranks = start("--run_id=ranks", "--vlm.mode=score", name="one", variables=cluster)
    slowly = ("--limit=4", "--num_inference_steps=24", "--diffusion.max_trajectories=2")
    writes = start("--run_id=writes", *slowly, name="two", variables=cluster)
    both = until(lambda: len(found := replicas(head)) == 2 and found, ranks, writes)
    assert {actor.class_name.split(":")[1].split("-")[2] for actor in both} == {"ranks", "writes"}

    again = start("--run_id=writes", *slowly, name="two", variables=cluster)
    assert again.wait(timeout=200) == 2, again.log.read_text()[-3000:]
    assert f"run 'writes' is being written to {tmp_path / 'two'} by process {writes.pid} on" in again.log.read_text()

    assert ranks.wait(timeout=500) == 0, ranks.log.read_text()[-3000:]
    assert writes.poll() is None, "the second run ended before the first, whose pool is to go first"
    assert writes.wait(timeout=500) == 0, writes.log.read_text()[-3000:]
    assert not replicas(head)
    vocabulary = HarmVocabulary.from_yaml("miniature")
    for lake, prompts, mode in (("one", 3, "score"), ("two", 4, "generate")):
        rows = trials(tmp_path / lake)
        assert len(rows) == len({row["trial_id"] for row in rows}) == 2 * 3 * prompts
        assert {row["status"] for row in rows} == {"ok"}
        answers = {one["answer"] for row in rows for one in row["exchanges"]} - {"nothing"}
        assert answers and all(("(" in answer) == (mode == "score") for answer in answers)
        assert all(tuple(one["terms"]) == vocabulary.parse(one["answer"]) for row in rows for one in row["exchanges"])
        manifest = json.loads(next((tmp_path / lake / "runs").glob("*.json")).read_text())
        assert manifest["config"]["vlm"]["mode"] == mode and manifest["held_trials"] == 2 * 3 * prompts
        assert not list((tmp_path / lake / "runs").glob("*.lease"))
