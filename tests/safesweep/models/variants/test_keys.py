"""Names of published weights are brought to the base's; diffusers' converters are held against the published correspondence."""

import pytest

from safesweep.models.variants.keys import converter, plain, renamed
from tests.safesweep.models.variants.made import original
from tests.safesweep.tiny import tiny_pipeline

KNOWN = {"a.weight", "b.weight", "encoder.c.weight"}


@pytest.mark.parametrize("prefix", ["", "module.", "unet.", "cond_stage_model.transformer.text_model.", "text_model."])
def test_the_prefix_that_fits_is_left_out(prefix):
    assert renamed({f"{prefix}{name}": name for name in KNOWN}, KNOWN, None) == {name: name for name in KNOWN}


def test_other_components_of_a_whole_checkpoint_and_buffers_are_left_aside():
    state = {"unet.a.weight": 1, "vae.b.weight": 2, "unet.position_ids": 3}
    assert renamed(state, KNOWN, None) == {"a.weight": 1}


def test_what_fits_nothing_keeps_its_name():
    assert renamed({"z.weight": 1}, KNOWN, None) == {"z.weight": 1}


@pytest.mark.parametrize("prefix", ["model.diffusion_model.", "diffusion_model.", ""])
def test_the_original_repository_s_names_become_diffusers(prefix):
    unet = tiny_pipeline().unet
    state = {name: name for name in unet.state_dict()}
    written = {prefix + name.removeprefix("model.diffusion_model."): value for name, value in original(state).items()}
    convert = converter("UNet2DConditionModel", unet.config)
    assert renamed(written, set(state), convert) == state


def test_a_class_that_diffusers_has_no_converter_for_has_none():
    assert converter("NoNetwork", {}) is None


def test_plain_names_are_those_of_the_newest_transformers():
    assert plain("text_model.encoder.x") == plain("encoder.x") == "encoder.x"
