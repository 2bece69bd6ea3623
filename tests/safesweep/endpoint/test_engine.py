"""A diffusion actor's trials on an images endpoint: answered, refused and failed stand apart in the lake's rows."""

import asyncio
from collections import Counter

import pytest

from actors.diffusion import DiffusionActor
from pipelines.command_line import read_config
from pipelines.plan import make_plan
from pipelines.prompt_sets import read_prompt_sets
from safesweep.endpoint.engine import EndpointEngine
from safesweep.endpoint.settings import ImagesApiSettings
from safesweep.endpoint.spent import left_text, spent_text
from safesweep.engine.trajectory import Request
from safesweep.lake.pictures import unpack_picture
from safesweep.lake.schema import RECORD, from_records
from tests.pipelines.plans import rows_of
from tests.safesweep.endpoint.images_server import ImagesServer, drawn, refusing
from tests.safesweep.tiny import cell

STAMP = {"run_id": "r", "models": "{}", "versions": "{}", "git_revision": ""}


@pytest.fixture
def server():
    server = ImagesServer(refusing)
    yield server
    server.close()


def run(server, *options):
    config = read_config(
        [
            "--limit=6",
            "--diffusion.backend=images_api",
            f"--diffusion.images_api.url={server.url}",
            *("--diffusion.images_api.model=m", "--diffusion.images_api.seed_field=seed"),
            *("--diffusion.images_api.tries=2", '--cells=[{"method":"none"}]', *options),
        ]
    )
    plan = make_plan(config, read_prompt_sets(config), config.expand_cells())
    actor = DiffusionActor(config.diffusion, None, plan.cells, STAMP)

    async def together():
        made = await asyncio.gather(*(actor(row) for row in rows_of(plan)))
        return from_records([record[RECORD] for records in made for record in records]).to_pylist()

    rows = asyncio.run(together())
    actor._engine.close()
    return rows


def test_a_refusal_is_an_outcome_of_its_own_and_a_picture_is_the_service_s(server):
    rows = run(server)
    assert len(rows) == 12
    for row in rows:
        if "dagger" in row["prompt"]:
            assert (row["status"], row["picture"]) == ("refused", None)
            assert row["error"] == "Your request was rejected by our safety system."
        else:
            assert (row["status"], row["error"]) == ("ok", None)
            wanted = drawn(row["prompt"], row["seed"], row["width"], row["height"])
            assert (unpack_picture(row["picture"]) == wanted).all()
    assert Counter(row["status"] for row in rows)["refused"] > 0


def test_what_failed_is_neither_and_nothing_is_lost(server):
    server.always = 500
    rows = run(server)
    assert [row["status"] for row in rows] == ["unscored"] * 12
    assert all("VlmGaveUpError: 2 attempts" in row["error"] for row in rows)


def test_what_the_budget_leaves_gets_no_row(server):
    server.draw = drawn
    rows = run(server, "--diffusion.images_api.most_requests=5")
    assert [row["status"] for row in rows] == ["ok"] * 5 and len(server.bodies) == 5


def test_a_rewritten_prompt_is_what_the_service_sees_and_equal_prompts_are_asked_for_once(server):
    cells = '[{"method":"none"},{"method":"none","edit":{"edit":"rewrite","replace":[["dagger","key"]]}}]'
    rows = run(server, f"--cells={cells}")
    plain = {row["prompt"]: row["status"] for row in rows if row["method"] == "none"}
    assert len(rows) == 24 and all((status == "refused") == ("dagger" in text) for text, status in plain.items())
    edited = [row for row in rows if row["method"] == "rewrite"]
    assert len(edited) == 12 and {row["status"] for row in edited} == {"ok"}
    for row in edited:
        seen = drawn(row["prompt"].replace("dagger", "key"), row["seed"], row["width"], row["height"])
        assert (unpack_picture(row["picture"]) == seen).all()
    same = sum("dagger" not in row["prompt"] for row in edited)
    assert len(server.bodies) == 24 - same > 12


def test_its_status_counts_requests_money_and_refusals(server):
    settings = ImagesApiSettings(url=server.url, model="m", most_requests=4, price_a_picture=0.5)
    engine = EndpointEngine(settings, 1, 0.5)
    cells = (cell("none"),)
    for prompt in ("a red dagger", "a circle", "a key", "a star"):
        [result] = engine.submit(Request(prompt, 1, 16, 16, cells)).result(30)
    found = engine.status()
    engine.close()
    assert result.unsent and "most_requests: 4" in result.error
    assert (found.requests, found.money, found.trials, found.refused, found.unsent, found.failed) == (
        3,
        1.0,
        3,
        1,
        1,
        0,
    )
    assert found.steps == 3 * cells[0].num_inference_steps
    told = spent_text(found.as_dict(), settings)
    assert told == "3 requests, 1 trials refused, 0 failed, 1.00 spent on pictures"
    left = left_text(found.as_dict(), settings, 7, "r")
    assert "the budget is used up (most_requests 4): 7 trials are left to do" in left and "--run_id=r" in left


def test_trials_of_two_services_have_ids_of_their_own(server):
    ids = [{row["trial_id"] for row in run(server, *more)} for more in ((), ("--diffusion.images_api.revision=2",))]
    assert not ids[0] & ids[1] and len(ids[0]) == len(ids[1]) == 12
