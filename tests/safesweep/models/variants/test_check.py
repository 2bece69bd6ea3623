"""All that can be known of a checkpoint is known before a model is loaded, and the error names the checkpoint."""

import json

import pytest
import torch
from safetensors.torch import save_file

from safesweep.errors import InputError
from safesweep.models.variants.check import check_checkpoints, whole_model
from tests.safesweep.models.variants.made import changed_pipeline, checkpoint, save_lora
from tests.safesweep.tiny import tiny_pipeline


@pytest.fixture(scope="module")
def base(tmp_path_factory):
    folder = tmp_path_factory.mktemp("base")
    tiny_pipeline().save_pretrained(folder / "base")
    changed_pipeline().save_pretrained(folder / "other")
    return folder


def test_what_fits_passes(base, tmp_path):
    lora = [{"path": str(save_lora(tmp_path))}]
    other = str(base / "other")
    parts = (
        {"network": other},
        {"text_encoder": other},
        {"model": other},
        {"loras": lora},
        {"model": other, "loras": lora},
    )
    check_checkpoints(str(base / "base"), None, [None, *(checkpoint(**one) for one in parts)])


def test_what_does_not_is_said_with_the_checkpoint_s_name(base, tmp_path):
    save_file({"a": torch.ones(1)}, tmp_path / "x.safetensors")
    with pytest.raises(InputError, match=r"checkpoint 'x': .*none of its 1 tensors is one of the base's unet"):
        check_checkpoints(str(base / "base"), None, [checkpoint(network=tmp_path / "x.safetensors")])
    with pytest.raises(
        InputError, match=r"checkpoint 'mine': .*none of its 1 tensors is one of the base's text_encoder"
    ):
        check_checkpoints(str(base / "base"), None, [checkpoint(text_encoder=tmp_path / "x.safetensors", name="mine")])


def test_a_whole_model_of_another_family_is_refused(base, tmp_path):
    with pytest.raises(InputError, match=r"is of the family StableDiffusion3; allowed: the base's, StableDiffusion"):
        check_checkpoints(str(base / "base"), None, [checkpoint(model="miniature/weights/flow")])


def test_a_whole_model_is_checked_like_the_base(base, tmp_path):
    (tmp_path / "model_index.json").write_text(json.dumps({"_class_name": "StableDiffusionPipeline"}))
    with pytest.raises(InputError, match="component 'vae' is not named"):
        check_checkpoints(str(base / "base"), None, [checkpoint(model=tmp_path)])


def test_the_model_that_parts_are_put_on(base):
    assert (
        whole_model("base", "1", None) == whole_model("base", "1", checkpoint(network=base / "other")) == ("base", "1")
    )
    assert whole_model("base", "1", checkpoint(model=base / "other")) == (str(base / "other"), None)
