"""A LoRA for another family is told from its own file, layer by layer, in every layout."""

import pytest
import torch
from safetensors.torch import load_file, save_file

from safesweep.errors import InputError
from safesweep.models.checkpoint import ModelFolder
from safesweep.models.variants.lora import check_lora, read_lora
from safesweep.models.variants.parts import Component
from safesweep.models.variants.weights import named
from tests.safesweep.models.variants.made import RANK, kohya_lora, peft_lora, save_lora
from tests.safesweep.tiny import tiny_pipeline

PIPELINE = "StableDiffusionPipeline"
LAYER = "unet.down_blocks.0.attentions.0.transformer_blocks.0.attn2.to_k.lora_A.weight"


@pytest.fixture(scope="module")
def parts(tmp_path_factory):
    folder = tmp_path_factory.mktemp("base")
    tiny_pipeline().save_pretrained(folder)
    return [Component.of(ModelFolder(folder), part) for part in ("unet", "text_encoder")]


def check(parts, path):
    network, encoder = parts
    check_lora(named(str(path)), PIPELINE, network, {"text_encoder": encoder})


def test_every_layout_fits(parts, tmp_path):
    for layout in (save_lora(tmp_path / "a"), kohya_lora(tmp_path / "b.safetensors"), peft_lora(tmp_path / "c")):
        check(parts, layout)


def test_who_names_no_component_is_the_network_s_with_peft_s_config(tmp_path):
    read = read_lora(named(str(peft_lora(tmp_path / "peft"))))
    assert read.state is not None and not any(name.startswith("base_model") for name in read.state)
    assert read.metadata is not None and (read.metadata["r"], read.metadata["lora_alpha"]) == (RANK, 2 * RANK)
    assert read_lora(named(str(save_lora(tmp_path / "named")))).state is None


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda state: {**state, LAYER: torch.zeros(RANK, 99)}, r"has 99 inputs; allowed: the base's, 16"),
        (
            lambda state: {name.replace("down_blocks.0", "down_blocks.7"): value for name, value in state.items()},
            "has not; is it for",
        ),
        (lambda state: {"unet.strange.weight": torch.ones(2)}, "diffusers reads no LoRA in it|is no LoRA of"),
    ],
)
def test_a_lora_of_another_family_is_refused_in_one_line(change, said, parts, tmp_path):
    file = save_lora(tmp_path) / "pytorch_lora_weights.safetensors"
    save_file({name: value.contiguous() for name, value in change(load_file(file)).items()}, file)
    with pytest.raises(InputError, match=said) as refused:
        check(parts, tmp_path)
    assert "\n" not in str(refused.value)


def test_pickled_loras_are_refused(tmp_path):
    torch.save({"a": torch.ones(1)}, tmp_path / "lora.bin")
    with pytest.raises(InputError, match=r"a LoRA is a \*.safetensors file"):
        read_lora(named(str(tmp_path / "lora.bin")))
