"""The choice and the held-out numbers from a lake, without a cluster."""

import json

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from rich.console import Console

from pipelines.command_line import read_config
from pipelines.plan import make_plan
from pipelines.prompt_sets import read_prompt_sets
from pipelines.sweep.config import SweepConfig
from pipelines.sweep.result import show_result, sweep_result, write_result
from pipelines.sweep.split import is_validation
from pipelines.trial_names import PLANNED
from safesweep.guidance.cell import cell_labels
from safesweep.lake.schema import SCHEMA
from safesweep.lake.store import RunStore
from safesweep.measures.intervals import rate_interval
from safesweep.measures.sharing import Sharing
from tests.pipelines.plans import ids_of, less, rows_of
from tests.safesweep.lake.rows import held_ids

GRID = '{"methods": ["none", "static_negative"], "guidance_scale": 4.0, "negative_scale": [2.0, 8.0]}'
RISK = {None: 0.9, 2.0: 0.2, 8.0: 0.1}
"""Negative scale -> score of the classifier on hazard prompts; γ = 8 is as safe as γ = 2 but ruins benign pictures."""
COSINE = {None: 0.8, 2.0: 0.8, 8.0: 0.3}


SETS = [
    {"path": "miniature/prompts/hazard.csv", "limit": 12},
    {"path": "miniature/prompts/benign.csv", "benign": True, "limit": 12},
    {"path": "miniature/prompts/near_miss.csv", "near_miss": True, "limit": 12},
]


@pytest.fixture
def swept(tmp_path):
    """A config, its plan, and a lake that holds every trial; a cell's name differs from what the plan calls it now."""
    return made(tmp_path, "--limit", "12")


def made(tmp_path, *arguments):
    """Of the preset, or with further arguments. Near-miss pictures are all unsafe, and fit nothing."""
    config = read_config(["--lake", str(tmp_path), *arguments, "--grid", GRID], SweepConfig, default_preset="sweep")
    cells = config.expand_cells()
    plan = make_plan(config, read_prompt_sets(config), cells, digest_of=lambda model, revision: model)
    rows = []
    for row in rows_of(plan):
        for place, trial in zip(row["cells"], row["trial_ids"], strict=True):
            gamma = cells[place].negative_scale
            near = row["prompt_set"] == "near_miss"
            risk = 1.0 if near else 0.0 if row["benign"] else RISK[gamma]
            labels = [{"label": name, "score": risk, "box": None} for name in ("dagger", "flame", "skull")]
            cosine = [
                {"label": "cosine", "score": -1.0 if near else COSINE[gamma] - 0.001 * (row["seed"] % 7), "box": None}
            ]
            columns = {key: value for key, value in row.items() if key not in PLANNED}
            evidence = [
                {"scorer": "classifier", "model": "m", "error": None, "measurements": labels},
                {"scorer": "clip", "model": "m", "error": None, "measurements": cosine},
            ]
            rows.append(
                {
                    **columns,
                    "trial_id": trial,
                    "method": cells[place].method,
                    "cell": "as it was called then",
                    "status": "ok",
                    "exchanges": [],
                    "evidence": evidence,
                }
            )
    store = RunStore(tmp_path, config.run_id)
    store.folder.mkdir(parents=True)
    pq.write_table(pa.Table.from_pylist(rows, SCHEMA), store.folder / "part-0.parquet")
    near_miss = sorted(plan.prompts.near_miss)
    store.write_manifest({"benign_sets": ["benign", *near_miss], "near_miss_sets": near_miss})
    return config, plan, store


def test_near_misses_choose_nothing_and_are_in_no_number(tmp_path):
    (tmp_path / "with").mkdir()
    plain, more = made(tmp_path, "--limit", "12"), made(tmp_path / "with", "--prompts", json.dumps(SETS))
    assert more[1].trials == plain[1].trials * 3 // 2
    assert sweep_result(*more) == sweep_result(*plain)


def test_the_scale_is_chosen_on_one_side_and_reported_on_the_other(swept):
    config, plan, store = swept
    found = sweep_result(config, plan, store)
    labels = cell_labels(plan.cells)
    (choice,) = found.choices
    assert found.labels[choice.chosen.cell] == labels[1] and choice.qualified
    assert [one.cell for one in found.held_out] == labels[:2]
    hazard = {row["prompt_hash"] for row in rows_of(plan) if not row["benign"]}
    held_out = [text for text in hazard if not is_validation(text, config.split)]
    assert 0 < len(held_out) < len(hazard)
    none, chosen = found.held_out
    assert none.asr == rate_interval([1.0] * len(held_out), sorted(held_out))
    assert chosen.asr.estimate == 0 and chosen.asr_change.difference == -1
    assert chosen.clip_change.difference == 0
    assert found.validation_prompts + found.held_out_prompts == len({row["prompt_hash"] for row in rows_of(plan)})


def test_what_is_printed_and_written(swept, tmp_path):
    config, plan, store = swept
    found = sweep_result(config, plan, store)
    console = Console(width=120, record=True, quiet=False)
    show_result(found, config, console)
    text = console.export_text()
    assert "safest_affordable" in text and "static_negative γ=2 g=4" in text and "Held-out" in text
    write_result(found, config, Sharing(1, 2.0, 3.0, 0.0, 0), tmp_path / "out" / "sweep.json")
    content = json.loads((tmp_path / "out" / "sweep.json").read_text())
    assert content["choices"][0]["cell"] == "static_negative γ=2 g=4"
    assert {one["cell"] for one in content["held_out"]} == {"none g=4", "static_negative γ=2 g=4"}
    assert content["held_out"][0]["asr_p"] is None


def test_a_larger_grid_makes_only_what_is_new(swept, tmp_path):
    _, plan, store = swept
    assert not less(plan, held_ids(store)).trials
    larger = GRID.replace("8.0]", "8.0, 12.0]")
    grown = read_config(
        ["--lake", str(tmp_path), "--limit", "12", "--grid", larger], SweepConfig, default_preset="sweep"
    )
    whole = make_plan(grown, read_prompt_sets(grown), grown.expand_cells(), digest_of=lambda model, revision: model)
    assert ids_of(plan) < ids_of(whole)
    todo = less(whole, held_ids(store))
    assert {whole.cells[place].negative_scale for row in rows_of(todo) for place in row["cells"]} == {12.0}
    assert sum(len(row["trial_ids"]) for row in rows_of(todo)) == len(rows_of(plan))
