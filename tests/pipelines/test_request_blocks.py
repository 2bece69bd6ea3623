"""A plan's requests as Ray Data hands them out."""

import json

import pytest
import ray

from pipelines import request_blocks as module
from pipelines.command_line import read_config
from pipelines.plan import RunPlan, make_plan
from pipelines.prompt_sets import read_prompt_sets
from pipelines.request_blocks import REQUEST, request_blocks
from tests.marks import STARTS_RAY
from tests.own_ray import own_ray
from tests.pipelines.plans import ids_of, less

PROMPTS = 50


@pytest.fixture(scope="module")
def plan(tmp_path_factory: pytest.TempPathFactory) -> RunPlan:
    path = tmp_path_factory.mktemp("prompts") / "set.csv"
    lines = [f"a red circle {number},{number}" for number in range(PROMPTS - 1)]
    path.write_text("\n".join(["prompt,seed", *lines, lines[0]]))
    config = read_config(
        ["--prompts", str(path), "--cells", '[{"method": "none"}, {"method": "none", "guidance_scale": 9}]']
    )
    return make_plan(config, read_prompt_sets(config), config.expand_cells(), digest_of=lambda model, revision: model)


@pytest.fixture(scope="module")
def four_cpus():
    with own_ray(num_cpus=4):
        yield


def told(rows: list[dict[str, object]]) -> list[str]:
    return sorted(json.dumps({name: row[name] for name in REQUEST.names}, sort_keys=True, default=list) for row in rows)


@STARTS_RAY
@pytest.mark.parametrize("made_here", [4096, 0])
@pytest.mark.parametrize("held", [0, 70])
def test_every_request_once_in_small_blocks(plan, four_cpus, monkeypatch, made_here, held):
    monkeypatch.setattr(module, "MADE_HERE", made_here)
    monkeypatch.setattr(module, "A_TASK", 20)
    todo = less(plan, sorted(ids_of(plan))[:held])
    dataset, blocks = request_blocks(todo, 4)
    sizes, rows = [], []
    for batch in dataset.iter_internal_ref_bundles():
        sizes += [block.num_rows for block in map(ray.get, batch.block_refs)]
    rows = dataset.take_all()
    assert told(rows) == told(list(todo.requests()))
    assert max(sizes) <= 4 and sum(sizes) == len(rows) and blocks >= len(rows) / 4
    assert len(sizes) <= 2 * blocks


@STARTS_RAY
def test_naming_is_no_part_of_the_stage_behind_it(plan, four_cpus, monkeypatch):
    """A task that was both would hand an actor all of its rows in one call."""
    monkeypatch.setattr(module, "MADE_HERE", 0)
    dataset, _ = request_blocks(plan, 4)

    class Count:
        def __call__(self, batch):
            return {"rows": [len(batch["seed"])]}

    counted = dataset.map_batches(
        Count, batch_size=None, num_cpus=module.TASK_CPUS, compute=ray.data.ActorPoolStrategy(size=1)
    )
    assert max(row["rows"] for row in counted.take_all()) <= 4
