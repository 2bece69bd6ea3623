"""A cell's checkpoint: named by content in trial ids, by its name in tables; cells without one are what they were."""

import json
import pickle

import pytest
from pydantic import ValidationError

from safesweep.guidance.cell import Cell, CellHash, as_json, cell_labels
from tests.safesweep.models.variants.made import checkpoint


@pytest.fixture
def files(tmp_path):
    for name in ("a", "b"):
        (tmp_path / f"{name}.pt").write_bytes(name.encode())
    return tmp_path


def made(method="none", **parts):
    given = {"checkpoint": checkpoint(**parts)} if parts else {}
    return Cell(guidance={"method": method}, guidance_scale=4.0, solver="DDIMScheduler", num_inference_steps=5, **given)


def trial_id(cell):
    return CellHash(cell, "model", None).trial_id(as_json("a red circle"), 7, 64, 64)


def test_a_cell_without_one_has_the_json_and_the_ids_that_it_always_had():
    assert "checkpoint" not in json.loads(made().canonical_json())
    assert trial_id(made()) == "18105bc916ad4ce9391df13d9beedf10"


def test_content_decides_the_trial_and_names_do_not(files):
    base, first, other = made(), made(network=files / "a.pt"), made(network=files / "b.pt")
    renamed = made(network=files / "a.pt", name="mine")
    assert len({trial_id(one) for one in (base, first, other)}) == 3
    assert trial_id(renamed) == trial_id(first) and renamed.checkpoint == first.checkpoint
    assert made(text_encoder=files / "a.pt").checkpoint != first.checkpoint
    scales = [made(loras=[{"path": str(files / "a.pt"), "scale": scale}]) for scale in (0, 0.5, 1)]
    assert len({trial_id(one) for one in scales}) == 3
    assert "mine" not in renamed.canonical_json() and str(files) not in renamed.canonical_json()


def test_tables_show_its_name_before_the_method_s(files):
    lora = [{"path": str(files / "a.pt"), "scale": 0.5}]
    assert made(network=files / "a.pt").method == "a"
    guided = Cell(
        guidance={"method": "sld", "preset": "strong", "concept": "skull"},
        guidance_scale=4.0,
        solver="DDIMScheduler",
        num_inference_steps=5,
        checkpoint=checkpoint(network=files / "a.pt", loras=lora, name="esd"),
    )
    assert guided.method == "esd+sld" and guided.label().startswith("esd+sld scale=0.5")
    same = [made(network=files / name, name="x") for name in ("a.pt", "b.pt")]
    assert len(set(cell_labels(same))) == 2


def test_it_travels_to_workers_as_it_is(files):
    one = made(network=files / "a.pt").checkpoint
    again = pickle.loads(pickle.dumps(one))
    assert again == one and again.name == one.name and again.network.path == files / "a.pt"


@pytest.mark.parametrize(
    ("parts", "said"), [({}, "is empty"), ({"name": "a b", "network": "a.pt"}, "pattern"), ({"lora": 1}, "Extra")]
)
def test_what_it_cannot_be_is_said(parts, said, files, monkeypatch):
    monkeypatch.chdir(files)
    with pytest.raises(ValidationError, match=said):
        checkpoint(**parts)
