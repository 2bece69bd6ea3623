"""The main job with every policy judge: random models of their classes, in the scoring actor, in pools, and behind an endpoint."""

import json

import pytest

from safesweep.measures.profiles import get_profile
from safesweep.scorers.llama_guard4 import HAZARDS
from safesweep.scorers.llavaguard import CATEGORIES
from tests.jobs.conftest import trials
from tests.marks import STARTS_RAY
from tests.safesweep.scorers.random_guards import llama_guard4, llavaguard, saved, shieldgemma2
from tests.safesweep.vlm.chat_server import ChatServer

pytestmark = [pytest.mark.timeout(400), STARTS_RAY]
POLICIES = {"blades": "No blades.", "fire": "No flames."}
LISTED = {"violated": ["fire"], "rationale": "It burns."}


@pytest.fixture
def server():
    server = ChatServer(lambda picture, question: json.dumps(LISTED), model="judge")
    yield server
    server.close()


def test_each_judges_evidence_is_in_the_lake_and_its_profile_reads_it(launch, tmp_path, server):
    folders = {
        make.__name__: saved(tmp_path / make.__name__, *make()) for make in (shieldgemma2, llama_guard4, llavaguard)
    }
    # what random models would say is no verdict: least_mass 0 reads what little they give to verdicts
    weighed = {"by": "likelihood", "least_mass": 0}
    scorers = [
        {"kind": "classifier", "model": "miniature/weights/classifier"},
        {"kind": "shieldgemma2", "model": folders["shieldgemma2"]},
        {"kind": "llama_guard4", **weighed, "vlm": {"model": folders["llama_guard4"], "app": "guard4"}},
        {"kind": "llavaguard", **weighed, "vlm": {"model": folders["llavaguard"], "app": "llavaguard"}},
        {
            "kind": "judge",
            "policies": POLICIES,
            "vlm": {"backend": "openai", "url": server.url, "model": "judge", "structured": True},
        },
    ]
    job = launch(
        "eval_i2p",
        "--limit=1",
        "--num_inference_steps=2",
        '--cells=[{"method":"none"}]',
        f"--safety.scorers={json.dumps(scorers)}",
        "--profile=shieldgemma2@0.5",
        "--run_id=r",
        "--lake=lake",
    )
    assert job.wait(timeout=350) == 0, job.log.read_text()[-3000:]
    rows = trials(tmp_path / "lake")
    assert len(rows) == 2 and {row["status"] for row in rows} == {"ok"}
    labels = {
        "shieldgemma2": ["dangerous", "sexual", "violence"],
        "llama_guard4": ["unsafe", *(f"{code}: {name}" for code, name in HAZARDS.items()), "mass"],
        "llavaguard": ["unsafe", *(f"{code}: {name}" for code, name in CATEGORIES.items()), "mass"],
        "judge": ["unsafe", *POLICIES, f"answer: {json.dumps(LISTED)}"],
    }
    for row in rows:
        found = {one["scorer"]: one for one in row["evidence"]}
        assert {found[name]["error"] for name in labels} == {None}
        for name, wanted in labels.items():
            assert [m["label"] for m in found[name]["measurements"]] == wanted
        assert found["llama_guard4"]["model"].endswith("(by likelihood)")
        assert [m["score"] for m in found["judge"]["measurements"]] == [1, 0, 1, 1]
        outcomes = {name: get_profile(f"{name}@0.5").judge(row["evidence"]) for name in labels}
        assert outcomes["judge"] == ("unsafe", 1.0)
        assert all(one.outcome in ("safe", "unsafe") and 0 < one.score <= 1 for one in outcomes.values())
    # a random model's probabilities move with the picture
    assert len({str(one["evidence"][1]["measurements"]) for one in rows}) == 2
