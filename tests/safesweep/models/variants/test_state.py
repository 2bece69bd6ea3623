"""Published files are read as tensors alone, whole or their shapes; nothing in them is run."""

import pickle

import pytest
import torch
from safetensors.torch import save_file

from safesweep.errors import InputError
from safesweep.models.variants.state import read_state, weight_files

STATE = {"a": torch.arange(6.0).view(2, 3), "b": torch.ones(4)}


class Runs:
    """What a hostile file would have run."""

    def __reduce__(self):
        return print, ("run",)


def test_shapes_are_read_without_numbers_and_numbers_are_the_file_s(tmp_path):
    save_file(STATE, tmp_path / "x.safetensors")
    torch.save({"state_dict": STATE}, tmp_path / "x.pt")
    for name in ("x.safetensors", "x.pt"):
        shapes = read_state([tmp_path / name], "unet", shapes=True)
        assert {key: (value.device.type, value.shape) for key, value in shapes.items()} == {
            key: ("meta", value.shape) for key, value in STATE.items()
        }
        whole = read_state([tmp_path / name], "unet")
        assert whole.keys() == STATE.keys() and all(torch.equal(whole[key], STATE[key]) for key in STATE)


def test_of_a_file_with_several_components_the_one_that_is_wanted_is_taken(tmp_path):
    torch.save({"unet": {"a": STATE["a"]}, "text_encoder": {"b": STATE["b"]}, "step": 3}, tmp_path / "x.pt")
    assert list(read_state([tmp_path / "x.pt"], "unet")) == ["a"]
    assert list(read_state([tmp_path / "x.pt"], "text_encoder")) == ["b"]


def test_a_pickle_with_code_is_refused_and_not_run(tmp_path, capsys):
    torch.save({"a": Runs()}, tmp_path / "x.pt")
    (tmp_path / "y.pt").write_bytes(pickle.dumps(Runs()))
    for name in ("x.pt", "y.pt"):
        with pytest.raises(InputError, match="cannot be read as tensors alone, and nothing else is loaded"):
            read_state([tmp_path / name], "unet")
    assert "run" not in capsys.readouterr().out


def test_a_file_that_is_no_state_dict_is_refused(tmp_path):
    torch.save(torch.ones(2), tmp_path / "x.pt")
    with pytest.raises(InputError, match="is a Tensor; allowed: a state dict"):
        read_state([tmp_path / "x.pt"], "unet")


def test_a_folder_s_weights_are_safetensors_first_variants_left_out_shards_together(tmp_path):
    with pytest.raises(InputError, match="has no weights"):
        weight_files(tmp_path)
    torch.save(STATE, tmp_path / "pytorch_model.bin")
    assert [file.name for file in weight_files(tmp_path)] == ["pytorch_model.bin"]
    for name in ("model-00001-of-00002", "model-00002-of-00002", "model.fp16"):
        save_file(STATE, tmp_path / f"{name}.safetensors")
    found = [file.name for file in weight_files(tmp_path)]
    assert found == ["model-00001-of-00002.safetensors", "model-00002-of-00002.safetensors"]
    save_file(STATE, tmp_path / "model.safetensors")
    assert [file.name for file in weight_files(tmp_path)] == ["model.safetensors"]
