"""What families built from a diffusers pipeline have in common: noise, decoding, and pictures that are not finite."""

import pytest
import torch
from diffusers import AutoencoderKL

from safesweep.errors import InputError
from safesweep.models.pipeline import decode, to_pictures
from safesweep.models.sd3 import StableDiffusion3
from tests.random_flow_models import random_sd3


def test_noise_is_drawn_as_diffusers_draws_it():
    model = StableDiffusion3(random_sd3(False))
    wanted = torch.randn(1, 4, 8, 12, generator=torch.Generator("cpu").manual_seed(3))[0]
    assert torch.equal(model.initial_noise(3, 48, 32), wanted)
    with pytest.raises(InputError, match="width 40, height 32: both must be multiples of 16 pixels"):
        model.initial_noise(3, 40, 32)


@torch.inference_mode()
@pytest.mark.parametrize(("shift", "mean"), [(None, 0.0), (0.5, 0.5)])
def test_latents_are_brought_to_the_autoencoders_own_scale_and_mean(shift, mean):
    vae: AutoencoderKL = random_sd3(False).vae
    vae.register_to_config(scaling_factor=2.0, shift_factor=shift)
    latents = torch.randn(2, 4, 8, 8, generator=torch.Generator().manual_seed(0))
    wanted = vae.decode(latents / 2.0 + mean).sample
    levels = ((wanted / 2 + 0.5).clamp(0, 1) * 255).round().byte().permute(0, 2, 3, 1).numpy()
    assert all((got == one).all() for got, one in zip(decode(vae, latents, 2), levels, strict=True))


def test_a_picture_that_is_not_finite_is_an_error():
    decoded = torch.zeros(1, 3, 8, 8)
    decoded[0, 0, 0, 0] = float("nan")
    with pytest.raises(FloatingPointError, match="made a picture that is not finite"):
        to_pictures(decoded)
