"""What of a component's new weights cannot be the base's is refused in one line, from headers alone."""

import json

import pytest
import torch
from safetensors.torch import save_file

from safesweep.errors import InputError
from safesweep.models.checkpoint import ModelFolder
from safesweep.models.variants.parts import Component, lora_file, read_part
from safesweep.models.variants.weights import named
from tests.safesweep.tiny import tiny_pipeline

NAME = "down_blocks.0.attentions.0.transformer_blocks.0.attn2.to_k.weight"


@pytest.fixture(scope="module")
def base(tmp_path_factory):
    folder = tmp_path_factory.mktemp("base")
    tiny_pipeline().save_pretrained(folder)
    return folder


def read(base, path, part="unet"):
    return read_part(named(str(path)), Component.of(ModelFolder(base), part), shapes=True)


def test_the_base_s_own_folder_fits_both_components(base):
    for part in ("unet", "text_encoder"):
        component = Component.of(ModelFolder(base), part)
        found = read(base, base, part)
        assert {name: tuple(value.shape) for name, value in found.items()} == component.shapes
        assert all(value.device.type == "meta" for value in found.values())


def test_wrong_shapes_strange_names_and_other_components_are_named(base, tmp_path):
    good = torch.zeros(Component.of(ModelFolder(base), "unet").shapes[NAME])
    save_file({NAME: torch.zeros(3, 5)}, tmp_path / "shape.safetensors")
    save_file({NAME: good, "lost.weight": good.clone()}, tmp_path / "foreign.safetensors")
    save_file({"first_stage_model.decoder.conv.weight": good}, tmp_path / "vae.safetensors")
    for name, said in (
        ("shape", rf"{NAME} has the shape \[3, 5\]; allowed: the base's, \[8, 16\]"),
        ("foreign", r"1 of its 2 tensors are none of the base's unet, such as 'lost.weight'"),
        ("vae", r"none of its 1 tensors is one of the base's unet, such as 'first_stage_model"),
    ):
        with pytest.raises(InputError, match=said) as refused:
            read(base, tmp_path / f"{name}.safetensors")
        assert "\n" not in str(refused.value)


@pytest.mark.parametrize(("key", "value"), [("_class_name", "SD3Transformer2DModel"), ("attention_head_dim", 8)])
def test_a_config_that_makes_another_network_of_the_same_weights_is_refused(key, value, base, tmp_path):
    tiny_pipeline().unet.save_pretrained(tmp_path)
    config = json.loads((tmp_path / "config.json").read_text())
    (tmp_path / "config.json").write_text(json.dumps({**config, key: value, "sample_size": 99}))
    with pytest.raises(InputError, match=f"{key} is {value!r}; allowed: the base's"):
        read(base, tmp_path)


def test_a_lora_s_file_is_found_in_its_folder(tmp_path):
    with pytest.raises(InputError, match="holds no safetensors file"):
        lora_file(tmp_path, "x")
    save_file({"a": torch.ones(1)}, tmp_path / "mine.safetensors")
    assert lora_file(tmp_path, "x").name == "mine.safetensors"
    save_file({"a": torch.ones(1)}, tmp_path / "other.safetensors")
    with pytest.raises(InputError, match=r"mine.safetensors, other.safetensors; allowed: one LoRA"):
        lora_file(tmp_path, "x")
    save_file({"a": torch.ones(1)}, tmp_path / "pytorch_lora_weights.safetensors")
    assert lora_file(tmp_path, "x").name == "pytorch_lora_weights.safetensors"
