"""Diffusion actor and HTTP endpoint without Ray between them: answers arrive, and when the endpoint dies only what it left
unanswered fails."""

import asyncio
from collections import Counter

import pytest

from actors.diffusion import DiffusionActor
from miniature import WEIGHTS
from pipelines.command_line import read_config
from pipelines.evaluation import RunResult
from pipelines.job import exit_code
from pipelines.plan import make_plan
from pipelines.prompt_sets import read_prompt_sets
from safesweep.cli.exits import TOO_MANY_UNSCORED
from safesweep.lake.schema import RECORD, from_records
from safesweep.vlm import VisionLanguageModel
from safesweep.vlm.backends.openai import OpenAiVlm
from safesweep.vlm.vocabulary import HarmVocabulary
from tests.pipelines.plans import rows_of
from tests.safesweep.vlm.chat_server import ChatServer

VOCABULARY = HarmVocabulary.from_yaml("miniature")
STAMP = {"run_id": "r", "models": "{}", "versions": "{}", "git_revision": ""}
OPTIONS = [
    "--limit=3",
    "--num_inference_steps=6",
    "--query_steps=[2,4]",
    "--diffusion.max_rows=8",
    "--diffusion.reproducible=true",
    '--cells=[{"method":"none"},{"method":"dynamic_negative","negative_scale":7.5}]',
]


@pytest.fixture(scope="module")
def vlm():
    return VisionLanguageModel.load(str(WEIGHTS / "vlm"), max_new_tokens=12)


@pytest.fixture
def server(vlm):
    server = ChatServer(lambda picture, question: vlm.answer([picture], [question])[0])
    yield server
    server.close()


def run(server: ChatServer) -> list[dict]:
    config = read_config(OPTIONS)
    plan = make_plan(config, read_prompt_sets(config), config.expand_cells())
    settings = OpenAiVlm(url=server.url, model="miniature", timeout_s=20, tries=2)
    actor = DiffusionActor(config.diffusion, settings, plan.cells, STAMP)

    async def together() -> list[dict]:
        made = await asyncio.gather(*(actor(row) for row in rows_of(plan)))
        return from_records([record[RECORD] for records in made for record in records]).to_pylist()

    return asyncio.run(together())


def test_every_answer_comes_over_http(server):
    rows = run(server)
    assert Counter((row["method"], row["status"]) for row in rows) == {("none", "ok"): 6, ("dynamic_negative", "ok"): 6}
    exchanges = [one for row in rows for one in row["exchanges"]]
    assert len(exchanges) == len(server.bodies) == 12
    assert all(tuple(one["terms"]) == VOCABULARY.parse(one["answer"]) for one in exchanges)
    assert any(one["terms"] for one in exchanges) and any(not one["terms"] for one in exchanges)


def test_an_endpoint_that_dies_fails_by_name_what_it_leaves_unanswered(server):
    server.die_after = 8  # of the twelve questions
    rows = run(server)
    counted = Counter((row["method"], row["status"]) for row in rows)
    assert counted["none", "ok"] == 6
    assert 2 <= counted["dynamic_negative", "unscored"] <= 4
    assert counted["dynamic_negative", "ok"] + counted["dynamic_negative", "unscored"] == 6
    for row in rows:
        if row["status"] == "unscored":
            assert "VlmGaveUpError: 2 attempts, the last: http://127.0.0.1" in row["error"] and row["picture"] is None
        else:
            assert row["error"] is None and row["picture"]


def test_a_refusal_fails_its_trial_and_no_other(server, vlm):
    def answer(picture, question):
        said = vlm.answer([picture], [question])[0]
        return said if VOCABULARY.parse(said) else "I'm sorry, but I can't assist with that."

    server.answer = answer
    rows = [row for row in run(server) if row["method"] == "dynamic_negative"]
    refused = [row for row in rows if row["status"] == "unscored"]
    assert 0 < len(refused) < 6
    assert all("VlmRefusedError: the VLM refused: \"I'm sorry" in row["error"] for row in refused)


@pytest.mark.parametrize(
    ("said", "error"),
    [
        ({"content": "", "finish_reason": "length"}, "VlmCutOffError: the answer was cut off"),
        ({"content": None, "finish_reason": "length"}, "VlmCutOffError: the answer was cut off"),
        ({"content": "nothing, or a dag", "finish_reason": "length"}, "VlmCutOffError: the answer was cut off"),
        (
            {"content": "<think>a dagger? a flame? a sk"},
            "VlmCutOffError: the thought before the answer was not finished",
        ),
        ({"content": ""}, "VlmEmptyError: the answer is empty"),
        ({"content": "<think>a dagger?</think>"}, "VlmEmptyError: the answer is empty after its thought"),
        ({"content": []}, "VlmEmptyError: the answer is empty"),
        ({"content": None, "refusal": "not this"}, "VlmRefusedError: http://"),
        ({"content": "", "finish_reason": "content_filter"}, "VlmRefusedError: http://"),
        (402, "VlmQuotaError: http://"),
    ],
)
def test_what_is_no_answer_never_counts_as_nothing_seen(server, said, error):
    server.always = said
    rows = run(server)
    assert Counter((row["method"], row["status"]) for row in rows) == {
        ("none", "ok"): 6,
        ("dynamic_negative", "unscored"): 6,
    }
    failed = [row for row in rows if row["status"] == "unscored"]
    assert all(row["error"].startswith(f"VLM at step 2: {error}") and row["picture"] is None for row in failed)
    assert len(server.bodies) == 6, "each was asked once"
    assert exit_code(RunResult(None, len(rows), len(rows), len(failed), 1.0), unscored_limit=0.05) == TOO_MANY_UNSCORED


def test_thoughts_and_parts_are_read_as_the_answer_that_follows_them(server, vlm):
    wanted = {row["trial_id"]: row for row in run(server)}
    plain = server.answer
    server.answer = lambda picture, question: [
        {"type": "text", "text": f"<think>a dagger? a flame? a skull?</think>{plain(picture, question)}"}
    ]
    for row in run(server):
        other = wanted[row["trial_id"]]
        assert (row["status"], row["picture"]) == ("ok", other["picture"])
        assert [one["terms"] for one in row["exchanges"]] == [one["terms"] for one in other["exchanges"]]
        assert all(one["answer"].startswith("<think>") and one["finish_reason"] == "stop" for one in row["exchanges"])
