"""The diffusion actor on a checkpoint of each flow-matching family, from the run's configuration to rows of the lake."""

import asyncio
import json

import pytest

from actors.diffusion import DiffusionActor
from pipelines.command_line import read_config
from pipelines.plan import make_plan
from pipelines.prompt_sets import read_prompt_sets
from safesweep.lake.schema import RECORD, from_records
from safesweep.models import load
from tests.random_flow_models import random_flux, random_qwen_image, random_sd3, random_z_image

FAMILIES = {"sd3": random_sd3, "flux": random_flux, "qwen_image": random_qwen_image, "z_image": random_z_image}
CELLS = [
    {"method": "none"},
    {"method": "static_negative", "negative_scale": 3},
    {"method": "sld", "preset": "max"},
]
LONG = " ".join(["a red circle and a blue key"] * 60)


@pytest.mark.parametrize("name", FAMILIES)
def test_trials_of_a_family_are_rows_of_the_lake(name, tmp_path):
    FAMILIES[name]().save_pretrained(tmp_path / "model")
    (tmp_path / "p.csv").write_text(f"prompt,sd_seed,width,height\na red circle,1,30,33\n{LONG},2,,\n")
    cells = [{**cell, **({"embedded_guidance": 3.5} if name == "flux" else {})} for cell in CELLS]
    written = {
        "--prompts": json.dumps([str(tmp_path / "p.csv")]),
        "--cells": json.dumps(cells),
        "--diffusion.model": str(tmp_path / "model"),
        "--num_inference_steps": "3",
        "--solver": "FlowMatchEulerDiscreteScheduler",
        "--size_multiple": "16",
        "--width": "48",
        "--height": "32",
        "--lake": str(tmp_path),
    }
    config = read_config([part for pair in written.items() for part in pair])
    plan = make_plan(config, read_prompt_sets(config), config.expand_cells())
    stamp = {"run_id": "r", "models": "{}", "versions": "{}", "git_revision": "g"}
    actor = DiffusionActor(config.diffusion, None, plan.cells, stamp)

    async def make():
        return await asyncio.gather(*(actor(row) for row in plan.requests()))

    rows = from_records([record[RECORD] for made in asyncio.run(make()) for record in made]).to_pylist()
    assert [row["status"] for row in rows] == ["ok"] * 6, [row["error"] for row in rows]
    assert {(row["width"], row["height"]) for row in rows} == {(32, 32), (48, 32)}
    model = load(str(tmp_path / "model"))
    assert [row["tokens_lost"] for row in rows] == [0] * 3 + [model.lost(LONG)] * 3 and model.lost(LONG) > 0
