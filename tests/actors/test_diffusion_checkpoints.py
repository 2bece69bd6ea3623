"""A grid over checkpoints in one diffusion actor: each is loaded once, every trial is there, and a name decides nothing."""

import asyncio
import json
from collections import Counter

import pytest
import torch

from actors.diffusion import DiffusionActor
from pipelines.command_line import read_config
from pipelines.evaluation import check_choices
from pipelines.plan import make_plan
from pipelines.prompt_sets import read_prompt_sets
from pipelines.provenance import model_digests
from safesweep.errors import InputError
from safesweep.lake.schema import RECORD, from_records
from tests.pipelines.plans import rows_of
from tests.safesweep.models.variants.made import changed_pipeline, save_lora
from tests.safesweep.tiny import SIZE, tiny_pipeline

STAMP = {"run_id": "r", "models": "{}", "versions": "{}", "git_revision": ""}


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    made = tmp_path_factory.mktemp("models")
    tiny_pipeline().save_pretrained(made / "base")
    for seed in (1, 2, 3):
        torch.save(changed_pipeline(seed).unet.state_dict(), made / f"net-{seed}.pt")
    save_lora(made / "lora")
    return made


def options(folder, cells, limit):
    return [
        f"--limit={limit}",
        *("--num_inference_steps=3", "--row_sizes=false", f"--width={SIZE}", f"--height={SIZE}"),
        *("--diffusion.max_rows=16", "--diffusion.reproducible=true", f"--diffusion.model={folder / 'base'}"),
        f"--cells={json.dumps(cells)}",
    ]


def lora(folder, scale):
    return {"loras": [{"path": str(folder / "lora"), "scale": scale}]}


def five(folder):
    networks = [{"network": str(folder / f"net-{seed}.pt")} for seed in (1, 2, 3)]
    return [None, *networks, lora(folder, 1), lora(folder, 0)]


def test_five_checkpoints_and_40_prompts_load_each_once(folder):
    config = read_config(options(folder, [{"method": "none", "checkpoint": five(folder)}], limit=20))
    plan = make_plan(config, read_prompt_sets(config), config.expand_cells())
    assert plan.trials == 40 * 6
    actor = DiffusionActor(config.diffusion, None, plan.cells, STAMP)

    async def together():
        made = await asyncio.gather(*(actor(row) for row in rows_of(plan)))
        return from_records([record[RECORD] for records in made for record in records]).to_pylist()

    rows = asyncio.run(together())
    assert actor._status().checkpoints_loaded == 5
    assert Counter((row["method"], row["status"]) for row in rows) == {
        (name, "ok"): count for name, count in (("none", 40), ("net-1", 40), ("net-2", 40), ("net-3", 40), ("lora", 80))
    }
    assert len({row["trial_id"] for row in rows}) == len(rows)
    by_cell = {cell: [row["picture"] for row in rows if row["cell"] == cell] for cell in {row["cell"] for row in rows}}
    names = sorted(by_cell)
    assert by_cell["lora scale=0"] == by_cell["none"], names
    assert len({tuple(pictures) for pictures in by_cell.values()}) == 5


def test_the_run_s_record_names_every_file_with_its_digest(folder):
    config = read_config(options(folder, [{"method": "none", "checkpoint": five(folder)}], limit=1))
    found = model_digests(config)
    assert found["checkpoint net-1"].startswith(f"network {folder / 'net-1.pt'}@")
    assert found["checkpoint lora scale=0"].endswith("× 0")


@pytest.mark.parametrize(
    ("checkpoint", "said"),
    [
        ({"network": "nowhere.pt"}, r"cells\[0\].*checkpoint.network.*'nowhere.pt': no such file"),
        ({"name": "sld", "network": "NET"}, r"cells\[0\].checkpoint.name: 'sld' is the name of a method"),
        ({"lora": "NET"}, r"cells\[0\].checkpoint.lora: unknown key"),
        ({}, r"cells\[0\].*checkpoint.* is empty"),
    ],
)
def test_what_a_checkpoint_cannot_be_is_said_with_the_cell(checkpoint, said, folder):
    written = {key: str(folder / "net-1.pt") if value == "NET" else value for key, value in checkpoint.items()}
    config = read_config(options(folder, [{"method": "none", "checkpoint": written}], limit=1))
    with pytest.raises(InputError, match=said):
        check_choices(config)
