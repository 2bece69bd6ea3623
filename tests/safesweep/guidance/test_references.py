"""Files of reference latents: what is read, how they are named, and what is refused in one line."""

import pickle

import pytest
import torch
from safetensors.torch import save_file

from safesweep.errors import InputError
from safesweep.guidance.cell import Cell
from safesweep.guidance.references import References, save_references

LATENTS = torch.randn(5, 4, 8, 8, generator=torch.Generator().manual_seed(0))
CPU = torch.device("cpu")


def test_a_file_is_read_back_and_named_by_its_numbers(tmp_path):
    made = save_references(LATENTS, tmp_path / "a" / "unsafe.safetensors", {"width": "64", "height": "32", "run": "r"})
    assert (made.shape, made.size, made.notes["run"]) == ((5, 4, 8, 8), (64, 32), "r")
    assert torch.equal(made.latents(CPU), LATENTS)
    again = save_references(LATENTS, tmp_path / "b.safetensors", {})
    other = save_references(LATENTS * 2, tmp_path / "c.safetensors", {})
    assert made == again != other and hash(made) == hash(again) and again.size is None
    assert len(pickle.dumps(made)) < 2_000 and pickle.loads(pickle.dumps(made)) == made
    assert [path.name for path in (tmp_path / "a").iterdir()] == ["unsafe.safetensors"]


def test_a_cells_identity_holds_the_numbers_and_not_the_name(tmp_path):
    cells = []
    for name, latents in (("a", LATENTS), ("b", LATENTS), ("c", LATENTS + 1)):
        file = save_references(latents, tmp_path / f"{name}.safetensors", {}).path
        guidance = {"method": "safe_denoiser", "negative_scale": 1.0, "references": str(file)}
        cells.append(Cell(guidance=guidance, guidance_scale=4.0, solver="DDIMScheduler", num_inference_steps=3))
    first, same, other = (cell.canonical_json() for cell in cells)
    assert first == same != other
    assert cells[0].guidance.references.digest in first and str(tmp_path) not in first
    assert cells[0].guidance.plan is not None and cells[0] == cells[1] != cells[2]


def test_a_file_that_changes_under_a_run_is_noticed(tmp_path):
    made = save_references(LATENTS, tmp_path / "unsafe.safetensors", {})
    made.path.unlink()
    save_references(LATENTS + 1, tmp_path / "unsafe.safetensors", {})
    with pytest.raises(InputError, match=r"unsafe.safetensors: has changed since the run began"):
        made.latents(CPU)


def test_what_cannot_be_reference_latents_is_refused(tmp_path):
    def refused(said: str, **tensors: torch.Tensor) -> None:
        save_file(tensors, tmp_path / "x.safetensors", {"width": "many", "height": "1"})
        with pytest.raises(InputError, match=said) as found:
            References.load(str(tmp_path / "x.safetensors"))
        assert "\n" not in str(found.value)

    refused("holds weights; allowed: latents alone", weights=LATENTS)
    refused(r"latents has the shape \[4, 8, 8\]; allowed", latents=LATENTS[0])
    refused(r"latents has the shape \[0, 4, 8, 8\]; allowed", latents=LATENTS[:0])
    refused("not finite", latents=LATENTS / 0)
    refused("width and height must be whole numbers", latents=LATENTS)
    (tmp_path / "y.safetensors").write_bytes(b"no such thing")
    with pytest.raises(InputError, match="cannot be read"):
        References.load(str(tmp_path / "y.safetensors"))
    with pytest.raises(InputError, match="is no file; `safesweep references` makes one"):
        References.load(str(tmp_path / "absent"))
    with pytest.raises(InputError, match=r"x.safetensors is there; allowed: a new file"):
        save_references(LATENTS, tmp_path / "x.safetensors", {})
    (tmp_path / "file").write_text("")
    with pytest.raises(InputError, match="cannot write"):
        save_references(LATENTS, tmp_path / "file" / "below", {})
