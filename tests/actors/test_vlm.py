"""actors/vlm.py on a real cluster: pools answer while they are there, and are gone afterwards, however the block ends."""

import logging
import os
import time
from pathlib import Path

import numpy as np
import pytest
import ray
from ray import serve
from ray.exceptions import ActorAlreadyExistsError, RayActorError

from actors.collector import NAMESPACE, collecting, collector_of
from actors.notices import notices
from actors.vlm import deploy, interview_pools, make_client, pools, start_serve, sweep_up
from miniature import WEIGHTS
from pipelines.cluster import cluster
from safesweep.errors import InputError
from safesweep.scorers.judge import read_verdict
from safesweep.vlm.backends.openai import OpenAiVlm
from safesweep.vlm.backends.transformers import TransformersVlm
from safesweep.vlm.preflight import Interview
from safesweep.vlm.vocabulary import HarmVocabulary
from tests.marks import STARTS_RAY

pytestmark = [pytest.mark.timeout(300), STARTS_RAY]
QUESTION = HarmVocabulary.from_yaml("miniature").question()
PICTURE = np.random.default_rng(1).integers(0, 256, (64, 64, 3), dtype=np.uint8)
GUIDE = TransformersVlm(model=str(WEIGHTS / "vlm"), max_new_tokens=12, app="guide")
JUDGE = TransformersVlm(model=str(WEIGHTS / "vlm"), mode="score", app="judge")
ENDPOINT = OpenAiVlm(model="m", url="http://127.0.0.1:9/v1")


@pytest.fixture(scope="module", autouse=True)
def running():
    with cluster():
        yield


@pytest.fixture(autouse=True)
def nothing_left_over():
    yield
    for app in applications():
        serve.delete(app)


def applications() -> set[str]:
    return set(serve.status().applications)


def test_a_collector_lives_with_its_driver_and_is_started_again_when_it_is_killed():
    with collecting("r-8") as collector:
        [actor] = [one for one in ray.util.list_named_actors(all_namespaces=True) if one["name"] == "collector-r-8"]
        assert actor["namespace"] == NAMESPACE
        ray.get(collector.add.remote("diffusion", "before"))
        ray.kill(collector, no_restart=False)
        again = collector_of("r-8")
        deadline = time.monotonic() + 60
        while True:
            try:
                ray.get(again.add.remote("diffusion", "after"))
                break
            except RayActorError:
                assert time.monotonic() < deadline
                time.sleep(0.1)
        assert "diffusion: after" in ray.get(again.take.remote())
    with pytest.raises(ValueError, match="collector-r-8"):
        ray.get_actor("collector-r-8", namespace=NAMESPACE)


def test_each_pool_is_started_once_answers_and_is_deleted_at_the_end():
    with pools([GUIDE, ENDPOINT, JUDGE, GUIDE], "r-1"):
        assert applications() == {"guide-r-1", "judge-r-1"}
        plain = GUIDE.load().answer([PICTURE], [QUESTION])[0]
        answer = make_client(GUIDE, "r-1").ask(PICTURE, QUESTION).result(timeout=60)
        assert (answer, answer.finish_reason) == (
            plain,
            "stop",
        ) and answer.completion_tokens == plain.completion_tokens > 1
        interview_pools(
            [Interview(GUIDE, QUESTION, str), Interview(JUDGE, QUESTION, str), Interview(ENDPOINT, "", str)], "r-1"
        )
        with pytest.raises(InputError, match="^VLM 1 × .*vlm on Ray Serve: the judge gave no verdict"):
            interview_pools([Interview(GUIDE, QUESTION, read_verdict)], "r-1")
        assert make_client(JUDGE, "r-1").ask(PICTURE, QUESTION).result(timeout=60)
    assert applications() == set()


class SlowVlm(TransformersVlm):
    """Answers nothing in particular, half a second a question."""

    def load(self):
        return self

    def check(self, question=""):
        pass

    def answer(self, pictures, questions):
        time.sleep(0.5 * len(pictures))
        return ["nothing"] * len(pictures)


def test_a_pool_grows_to_its_bound_while_questions_wait():
    pool = SlowVlm(
        model="m", app="grows", max_batch_size=1, max_replicas=2, target_ongoing_requests=2, upscale_delay_s=0
    )
    with pools([pool], "r-3"):
        client = make_client(pool, "r-3")
        deadline, asked, running = time.monotonic() + 120, [], 0
        while running < 2 and time.monotonic() < deadline:
            asked += [client.ask(PICTURE, "?") for _ in range(20 - sum(not one.done() for one in asked))]
            time.sleep(0.2)
            [deployment] = serve.status().applications["grows-r-3"].deployments.values()
            running = deployment.replica_states.get("RUNNING", 0)
        assert running == 2
        assert {one.result(timeout=60) for one in asked} == {"nothing"}
        client.close()


class FallingVlm(TransformersVlm):
    """Its first replica's process ends while the model is loaded."""

    def load(self):
        try:
            Path(self.app).touch(exist_ok=False)
        except FileExistsError:
            return super().load()
        os._exit(1)


def test_a_replica_that_dies_while_it_starts_is_started_again(tmp_path, monkeypatch):
    monkeypatch.setattr("actors.vlm.application", lambda pool, scope: f"falls-{scope}")
    pool = FallingVlm(model=str(WEIGHTS / "vlm"), max_new_tokens=12, app=str(tmp_path / "fallen"))
    with pools([pool], "r-7"):
        assert (tmp_path / "fallen").exists()
        assert make_client(pool, "r-7").ask(PICTURE, QUESTION).result(timeout=60)


class WarningVlm(TransformersVlm):
    """A pool whose model's library has something to say while it is loaded."""

    def load(self):
        logging.getLogger("transformers.modeling_utils").warning("a head was newly initialized\x1b[0m")
        return super().load()


def test_what_a_replicas_libraries_warn_of_reaches_the_runs_log():
    said: list[str] = []
    pool = WarningVlm(model=str(WEIGHTS / "vlm"), max_new_tokens=12, app="warns")
    with collecting("r-9") as collector, notices(collector, said.append) as found, pools([pool], "r-9"):
        assert make_client(pool, "r-9").ask(PICTURE, QUESTION).result(timeout=60)
    assert found == ["vlm: transformers: a head was newly initialized"] and said == [f"warning   {found[0]}"]


def test_a_pool_is_deleted_after_an_exception():
    def stopped():
        raise RuntimeError(f"stopped beside {applications()}")

    with pytest.raises(RuntimeError, match="stopped beside {'guide-r-1'}"), pools([GUIDE], "r-1"):
        stopped()
    assert applications() == set()


def test_those_that_run_are_deleted_when_another_cannot_be_started():
    broken = TransformersVlm(model="nowhere", app="broken")
    own = "^VLM 1 × nowhere on Ray Serve cannot be started: .*model folder 'nowhere' does not exist"
    with pytest.raises(InputError, match=own), pools([GUIDE, broken], "r-1"):
        pytest.fail("a pool without its model was taken for one that runs")
    assert applications() == set()


def test_two_runs_have_a_pool_each_of_one_name_and_each_removes_its_own():
    ranked = GUIDE.model_copy(update={"mode": "score"})
    plain, terms = (vlm.load().answer([PICTURE], [QUESTION])[0] for vlm in (GUIDE, ranked))
    with pools([GUIDE], "r-1"):
        with pools([ranked], "s-1"):
            assert applications() == {"guide-r-1", "guide-s-1"}
            assert make_client(GUIDE, "r-1").ask(PICTURE, QUESTION).result(timeout=60) == plain
            assert make_client(ranked, "s-1").ask(PICTURE, QUESTION).result(timeout=60) == terms
        assert make_client(GUIDE, "r-1").ask(PICTURE, QUESTION).result(timeout=60) == plain
    assert applications() == set()


def test_what_a_killed_start_left_is_removed_and_nothing_else():
    deploy(GUIDE, "r-1")
    deploy(GUIDE, "r-2")
    sweep_up([])
    sweep_up(["r-1", "r-0"])
    assert applications() == {"guide-r-2"}


def test_a_serve_that_another_job_starts_at_this_moment_is_joined(monkeypatch):
    """Both look for its controller, both make one, and Ray lets the second have none."""
    monkeypatch.setattr("actors.vlm.time.sleep", lambda seconds: None)
    started: list[int] = []

    def start(proxy_location):
        started.append(len(started))
        if len(started) < 3:
            raise ActorAlreadyExistsError("SERVE_CONTROLLER_ACTOR")

    monkeypatch.setattr("actors.vlm.serve.start", start)
    start_serve()
    assert len(started) == 3
