"""Directions: their arithmetic, their files, and what names them in a cell."""

import hashlib
import json
import shutil

import numpy as np
import pytest
import torch
from huggingface_hub import constants
from safetensors import safe_open
from safetensors.torch import save_file

from safesweep.errors import InputError
from safesweep.guidance.cell import Cell
from safesweep.guidance.direction import CONFIG, WEIGHTS, Direction
from tests.safesweep.directions import TOKENS, WIDTH, random_direction

STRENGTH = 0.7


@pytest.fixture
def embedding():
    return torch.randn(TOKENS, WIDTH, generator=torch.Generator().manual_seed(1))


@pytest.mark.parametrize("rank", [1, 3])
def test_a_shift_adds_the_sum_of_outer_products(rank, embedding):
    direction = random_direction(rank=rank)
    b, a = (factor.double().numpy() for factor in direction.factors)
    expected = embedding.double().numpy() + STRENGTH * sum(np.outer(b[:, k], a[:, k]) for k in range(rank))
    np.testing.assert_allclose(direction.edit(embedding, STRENGTH).numpy(), expected, rtol=0, atol=1e-5)


def test_the_conditional_edit_opens_its_gate_token_by_token(embedding):
    direction = random_direction("conditional", rank=4)
    down, up = (factor.double().numpy() for factor in direction.factors)
    expected = embedding.double().numpy().copy()
    for token in range(TOKENS):
        for k in range(4):
            gate = max(0.0, float(embedding[token].double().numpy() @ down[:, k]))
            expected[token] += STRENGTH * gate * up[k]
    np.testing.assert_allclose(direction.edit(embedding, STRENGTH).numpy(), expected, rtol=0, atol=1e-4)


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
@pytest.mark.parametrize("kind", ["shift", "conditional"])
def test_a_half_type_is_edited_in_float32_and_rounded_once(kind, dtype, embedding):
    direction, half = random_direction(kind), embedding.to(dtype)
    assert torch.equal(direction.edit(half, STRENGTH), direction.edit(half.float(), STRENGTH).to(dtype))
    assert torch.equal(direction.edit(half, 0.0), half)


def test_embeddings_of_another_size_are_refused():
    with pytest.raises(ValueError, match="made for embeddings of 24 tokens × 96, this model's are 77 × 768"):
        random_direction().edit(torch.zeros(77, 768), 1.0)
    with pytest.raises(ValueError, match="24 × 48"):
        random_direction("conditional").edit(torch.zeros(24, 48), 1.0)
    assert random_direction("conditional").edit(torch.zeros(77, WIDTH), 1.0).shape == (77, WIDTH)


def test_the_digest_is_of_kind_and_numbers_only():
    one, renamed = random_direction(), random_direction(name="other")
    b, a = one.factors
    written = b"shift" + b"b[24, 1]" + b.numpy().tobytes() + b"a[96, 1]" + a.numpy().tobytes()
    assert one.digest == hashlib.sha256(written).hexdigest()
    assert one == renamed and hash(one) == hash(renamed)
    assert one != random_direction(seed=1) and one != random_direction(rank=2)
    b[0, 0] += 1
    assert Direction("x", "shift", (b, a)) != random_direction()


@pytest.mark.parametrize("kind", ["shift", "conditional"])
def test_what_is_saved_is_loaded(kind, tmp_path):
    direction = random_direction(kind, rank=2, name="mine")
    direction.save(tmp_path / "mine")
    again = Direction.load(str(tmp_path / "mine"))
    assert again == direction and again.digest == direction.digest
    assert (again.name, again.kind, again.rank, again.base_model) == ("mine", kind, 2, direction.base_model)
    assert again.recipe == {"rank": 2}
    with safe_open(tmp_path / "mine" / WEIGHTS, "pt") as file:
        assert json.loads(file.metadata()["recipe"]) == {"rank": 2}
    config = json.loads((tmp_path / "mine" / CONFIG).read_text())
    assert config["r"] == 2 and config["base_model_name_or_path"] == direction.base_model


def test_a_bare_name_is_looked_for_among_the_users_own(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    random_direction().save(tmp_path / "directions" / "mine")
    assert Direction.load("mine") == Direction.load("directions/mine") == random_direction()
    with pytest.raises(InputError, match=r"'min' is no folder .*did you mean 'mine'\?; `safesweep discover` finds one"):
        Direction.load("min")


def test_a_hub_id_comes_from_the_local_cache_at_its_revision(tmp_path, monkeypatch):
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path))
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path))
    commit = "0" * 40
    cached = tmp_path / "models--someone--modest"
    random_direction().save(cached / "snapshots" / commit)
    (cached / "refs").mkdir()
    (cached / "refs" / "main").write_text(commit)
    found = Direction.load(f"someone/modest@{commit}")
    assert found == random_direction() and found.name == "modest"
    with pytest.raises(InputError, match=r"hf download someone/other"):
        Direction.load("someone/other")


def broken(folder, mistake):
    path, weights = folder / CONFIG, folder / WEIGHTS
    if mistake == "no config":
        path.unlink()
    elif mistake == "no numbers":
        weights.unlink()
    elif mistake == "config":
        path.write_text("{")
    elif mistake == "kind":
        path.write_text(path.read_text().replace("SAFE_REGION_SHIFT", "LORA"))
    elif mistake == "file":
        weights.write_bytes(b"no numbers")
    elif mistake == "names":
        path.write_text(path.read_text().replace("SHIFT", "CONDITIONAL"))
    elif mistake == "ranks":
        save_file({"b": torch.zeros(24, 2), "a": torch.zeros(96, 3)}, weights)
    elif mistake == "finite":
        save_file({"b": torch.full((24, 1), torch.nan), "a": torch.zeros(96, 1)}, weights)


@pytest.mark.parametrize(
    ("mistake", "message"),
    [
        ("no config", "config is missing: no adapter_config.json"),
        ("no numbers", "the file of its numbers is missing: no adapter_model.safetensors"),
        ("config", "adapter_config.json: is not a direction's config"),
        ("kind", "peft_type: found 'LORA'; allowed: SAFE_REGION_SHIFT, SAFE_REGION_CONDITIONAL"),
        ("file", "adapter_model.safetensors: cannot be read"),
        ("names", "holds a, b; a conditional has A and B"),
        ("ranks", r"b \[24, 2\], a \[96, 3\] do not fit together"),
        ("finite", "not finite"),
    ],
)
def test_a_folder_that_is_no_direction_is_said_to_be_none(mistake, message, tmp_path):
    folder = tmp_path / "d"
    random_direction().save(folder)
    broken(folder, mistake)
    with pytest.raises(InputError, match=message):
        Direction.load(str(folder))


def cell(direction):
    return Cell(
        guidance={"method": "none"},
        edit={"edit": "safe_region", "direction": str(direction), "start_step": 2},
        solver="DDIMScheduler",
        num_inference_steps=4,
    )


def test_a_cell_holds_the_digest_and_not_the_path(tmp_path):
    random_direction().save(tmp_path / "here")
    shutil.copytree(tmp_path / "here", tmp_path / "there")
    here, there = cell(tmp_path / "here"), cell(tmp_path / "there")
    assert here.canonical_json() == there.canonical_json() and here == there and hash(here) == hash(there)
    assert f"sha256:{random_direction().digest}" in here.canonical_json()
    assert "here" not in here.canonical_json()
    assert here.label() == "safe_region here β=1"
    random_direction(seed=2).save(tmp_path / "there")
    assert cell(tmp_path / "there").canonical_json() != here.canonical_json()
