"""A diffusion actor's trials on an images endpoint: answered, refused and failed stand apart in the lake's rows."""

import asyncio
from collections import Counter

import pytest

from actors.diffusion import DiffusionActor
from pipelines.command_line import read_config
from pipelines.plan import make_plan
from pipelines.prompt_sets import read_prompt_sets
from safesweep.lake.pictures import unpack_picture
from safesweep.lake.schema import RECORD, from_records
from tests.pipelines.plans import rows_of
from tests.safesweep.endpoint.images_server import ImagesServer, drawn, refusing

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


def test_trials_of_two_services_have_ids_of_their_own(server):
    ids = [{row["trial_id"] for row in run(server, *more)} for more in ((), ("--diffusion.images_api.revision=2",))]
    assert not ids[0] & ids[1] and len(ids[0]) == len(ids[1]) == 12
