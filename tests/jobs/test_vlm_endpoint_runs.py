"""The whole main job with its VLM behind an HTTP endpoint; with the endpoint dying in the middle; with a replica killed in the middle."""

import json
import os
import re
import shutil
import signal
import time
from collections import Counter
from pathlib import Path

import pytest
from ray.util.state import list_actors
from ray.util.state.common import ActorState
from safetensors.torch import load_file, save_file

from actors.vlm import DEPLOYMENT
from benchmarks import misbehaving_endpoint
from benchmarks.misbehaving_endpoint import table
from miniature import WEIGHTS
from safesweep.vlm import VisionLanguageModel
from safesweep.vlm.vocabulary import HarmVocabulary
from tests.jobs.conftest import ROOT, TRIALS, environment, trials
from tests.jobs.ray_head import Head, ray_head
from tests.marks import STARTS_RAY
from tests.own_ray import no_token
from tests.safesweep.vlm.chat_server import ChatServer

pytestmark = [pytest.mark.timeout(600), STARTS_RAY]
VOCABULARY = HarmVocabulary.from_yaml("miniature")
APP = "safesweep-vlm"


@pytest.fixture
def endpoint():
    """The miniature's VLM behind a real HTTP server, which also plays the judge."""
    vlm = VisionLanguageModel.load(str(WEIGHTS / "vlm"), max_new_tokens=12)

    def answer(picture, question):
        if question == VOCABULARY.question():
            return vlm.answer([picture], [question])[0]
        return json.dumps({"rating": "Unsafe", "category": "O2: Violence", "rationale": "It is sharp."})

    server = ChatServer(answer)
    yield server
    server.close()


def without_its_head(folder: Path) -> Path:
    """The miniature's classifier without the weights of its last layer, which transformers then draws at random, with a warning."""
    shutil.copytree(WEIGHTS / "classifier", folder)
    weights = load_file(folder / "model.safetensors")
    save_file(
        {name: value for name, value in weights.items() if "classifier" not in name}, folder / "model.safetensors"
    )
    assert len(load_file(folder / "model.safetensors")) < len(weights)
    return folder


def over_http(server: ChatServer, **more: object) -> list[str]:
    options = {"backend": "openai", "url": server.url, "model": "miniature", "timeout_s": 60, **more}
    return [f"--vlm.{key}={value}" for key, value in options.items()]


def test_the_whole_job_with_its_vlm_behind_http(start, tmp_path, endpoint):
    judge = {"backend": "openai", "model": "miniature", "url": endpoint.url}
    scorers = [{"kind": "classifier", "model": str(WEIGHTS / "classifier")}, {"kind": "judge", "vlm": judge}]
    scorers.append({"kind": "classifier", "name": "headless", "model": str(without_its_head(tmp_path / "headless"))})
    url = endpoint.url.replace("://", "://me:pa55word@")
    job = start("--run_id=r", *over_http(endpoint, url=url), f"--safety.scorers={json.dumps(scorers)}")
    assert job.wait(timeout=500) == 0, job.log.read_text()[-3000:]
    rows = trials(tmp_path / "lake")
    assert len(rows) == TRIALS and {row["status"] for row in rows} == {"ok"}
    exchanges = [one for row in rows if row["method"] == "dynamic_negative" for one in row["exchanges"]]
    assert len(exchanges) == 12 and all(one["question"] == VOCABULARY.question() for one in exchanges)
    assert all(tuple(one["terms"]) == VOCABULARY.parse(one["answer"]) for one in exchanges)
    assert {one["answer"] for one in exchanges} >= {"nothing"}
    guided = [body for body in endpoint.bodies if body["messages"][-1]["content"][1]["text"] == VOCABULARY.question()]
    assert len(guided) == 1 + 12, "one before the run"
    assert {one["finish_reason"] for one in exchanges} == {"stop"}
    for row in rows:
        [verdict] = [found for found in row["evidence"] if found["scorer"] == "judge"]
        assert verdict["model"] == "openai:miniature@unpinned" and verdict["error"] is None
        assert verdict["measurements"][0]["label"] == "unsafe" and verdict["measurements"][0]["score"] == 1.0
        assert json.loads(row["models"])["vlm"] == "openai:miniature@unpinned"
    assert "miniature at http://…@127.0.0.1" in job.log.read_text()
    written = [path for path in [*tmp_path.rglob("*"), job.log] if path.is_file()]
    assert len(written) > 4 and not [path for path in written if b"pa55word" in path.read_bytes()]
    manifest = json.loads((tmp_path / "lake" / "runs" / "r.json").read_text())
    [warned] = manifest["warnings"]
    assert warned.startswith("scoring: transformers: ") and "newly initialized" in warned
    assert f"warning   {warned[:60]}" in job.log.read_text()


def test_a_run_says_what_its_supposed_answers_took(start, tmp_path, endpoint):
    at_once = endpoint.answer

    def later(picture, question):
        time.sleep(2)
        return at_once(picture, question)

    endpoint.answer = later
    job = start("--run_id=r", "--limit=1", "--diffusion.speculate=last", *over_http(endpoint))
    assert job.wait(timeout=500) == 0, job.log.read_text()[-3000:]
    found = re.search(
        r"supposed  (\d+) of (\d+) questions and \d+ of [\d,]+ network rows rested on supposed answers; (\d+) and",
        job.log.read_text(),
    )
    assert found, job.log.read_text()[-3000:]
    supposed, sent, in_vain = map(int, found.groups())
    rows = trials(tmp_path / "lake")
    served = sum(1 / one["shared_by"] for row in rows for one in row["exchanges"])
    assert {row["status"] for row in rows} == {"ok"} and served == pytest.approx(sent - in_vain)
    # how far a picture comes within two seconds is the machine's affair
    assert 0 <= in_vain <= supposed < sent


def test_an_endpoint_that_dies_in_the_middle_fails_by_name_what_it_leaves_unanswered(start, tmp_path, endpoint):
    endpoint.die_after = 1 + 8  # the one before the run, then eight of the twelve
    job = start("--run_id=r", *over_http(endpoint, timeout_s=20, tries=2))
    assert job.wait(timeout=500) == 3, job.log.read_text()[-3000:]
    rows = trials(tmp_path / "lake")
    assert len(rows) == TRIALS
    counted = Counter((row["method"], row["status"]) for row in rows)
    assert counted["none", "ok"] == counted["static_negative", "ok"] == 6
    failed = [row for row in rows if row["status"] == "unscored"]
    assert {row["method"] for row in failed} == {"dynamic_negative"} and 2 <= len(failed) <= 4
    for row in failed:
        assert "VlmGaveUpError: 2 attempts, the last: http://127.0.0.1" in row["error"]
        assert row["picture"] is None and row["evidence"] == []
    survived = [row for row in rows if row["method"] == "dynamic_negative" and row["status"] == "ok"]
    assert all(len(row["exchanges"]) == 2 for row in survived)
    assert "allowed: unscored_limit" in job.log.read_text()


def test_each_way_of_misbehaving_comes_to_what_the_documentation_shows(tmp_path):
    done = misbehaving_endpoint.run(tmp_path, environment())
    assert done.exit_code == 3, done.output[-3000:]
    assert f"\n{table(done.outcomes)}\n" in (ROOT / "docs" / "vlm.md").read_text()
    assert len(done.outcomes) > 15 and not any(one.terms for one in done.outcomes)
    failed = sum(one.unscored for one in done.outcomes)
    assert f"unscored  {failed} trials failed, 0 are missing and 0 could not be judged" in done.output
    assert "of the trials could not be made; allowed: unscored_limit 2.0%" in done.output
    assert not [row for row in trials(tmp_path / "lake") if row["status"] == "unscored" and row["picture"]]


def test_answers_that_are_none_before_the_run_are_bad_input(start, tmp_path, endpoint):
    endpoint.always = {"content": "", "finish_reason": "length"}
    job = start("--run_id=r", *over_http(endpoint))
    assert job.wait(timeout=200) == 2
    assert "error: VLM miniature at http://127.0.0.1" in job.log.read_text()
    assert "VlmCutOffError: the answer was cut off" in job.log.read_text()
    assert not list((tmp_path / "lake").glob("trials/*/*")) and not list((tmp_path / "lake").glob("runs/*"))


def test_an_endpoint_that_is_not_there_is_bad_input(start, tmp_path):
    job = start("--vlm.backend=openai", "--vlm.url=http://127.0.0.1:9/v1", "--vlm.model=m")
    assert job.wait(timeout=200) == 2
    assert "error: vlm.url: http://127.0.0.1:9/v1" in job.log.read_text()
    assert not (tmp_path / "lake").exists()


@pytest.fixture
def head(tmp_path):
    """A cluster that can be asked which actors it runs."""
    with no_token(), ray_head(tmp_path / "head.log", cpus=8, PYTHONPATH=str(ROOT)) as head:
        yield head


def test_a_replica_that_is_killed_in_the_middle_costs_no_trial(start, tmp_path, head):
    slowly = (
        "--limit=4",
        "--num_inference_steps=20",
        "--diffusion.max_trajectories=3",
        "--diffusion.concurrent_calls=2",
    )
    job = start("--run_id=r", *slowly, "--vlm.mode=score", variables={"RAY_ADDRESS": head.address})
    deadline = time.monotonic() + 400
    while not list((tmp_path / "lake").glob("trials/*/part-*.parquet")):
        assert job.poll() is None and time.monotonic() < deadline, job.log.read_text()[-3000:]
        time.sleep(0.05)
    [replica] = replicas(head)
    os.kill(replica.pid, signal.SIGKILL)
    assert job.wait(timeout=500) == 0, job.log.read_text()[-3000:]
    rows = trials(tmp_path / "lake")
    assert len(rows) == 2 * 4 * 3 and {row["status"] for row in rows} == {"ok"}
    answers = {one["answer"] for row in rows for one in row["exchanges"]}
    assert all(answer == "nothing" or "(" in answer for answer in answers)
    assert replica.actor_id not in {one.actor_id for one in replicas(head)}


def replicas(head: Head) -> list[ActorState]:
    """The living actors that hold the VLM, as Ray's state API knows them."""
    alive = list_actors(address=head.dashboard, filters=[("state", "=", "ALIVE")])
    return [
        actor
        for actor in alive
        if actor.class_name.startswith(f"ServeReplica:{APP}-") and actor.class_name.endswith(f":{DEPLOYMENT}")
    ]
