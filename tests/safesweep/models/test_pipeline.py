"""What families built from a diffusers pipeline have in common: noise, decoding, and pictures that are not finite."""

import numpy as np
import pytest
import torch
from diffusers import AutoencoderKL

from safesweep.errors import InputError
from safesweep.models.base import DiffusionModel
from safesweep.models.pipeline import decode, to_pictures
from safesweep.models.qwen_image import QwenImage
from safesweep.models.sd3 import StableDiffusion3
from safesweep.models.stable_diffusion import StableDiffusion
from tests.random_flow_models import random_qwen_image, random_sd3
from tests.safesweep.tiny import tiny_pipeline


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


def pictures_of(count: int, seed: int = 1) -> list[np.ndarray]:
    chance = np.random.default_rng(seed)
    return [chance.integers(0, 256, (32, 48, 3), dtype=np.uint8) for _ in range(count)]


def differs(model: DiffusionModel, latents: torch.Tensor, wanted: list[np.ndarray]) -> float:
    """In levels, of what ``decoded`` gives and of ``wanted``."""
    got = (model.decoded(latents) / 2 + 0.5).clamp(0, 1).permute(0, 2, 3, 1).detach().numpy() * 255
    return float(np.abs(got - np.stack(wanted)).max())


@pytest.mark.parametrize("family", ["kl", "tiny", "by channel"])
def test_pictures_are_encoded_into_what_is_decoded(family):
    """The inverse of the scale that ``decode`` takes, for the three kinds of autoencoders; one at a time or together."""
    if family == "by channel":
        model: DiffusionModel = QwenImage(random_qwen_image())
        vae, mean, std = model._vae, model._vae.config.latents_mean, model._vae.config.latents_std
        encode = lambda part: vae.encode(part[:, :, None]).latent_dist.mode()[:, :, 0]  # noqa: E731
        wanted_of = lambda raw: (raw - torch.tensor(mean)[:, None, None]) / torch.tensor(std)[:, None, None]  # noqa: E731
    elif family == "tiny":
        model = StableDiffusion(tiny_pipeline())
        vae, factor = model._vae, float(model._vae.config.scaling_factor)
        encode, wanted_of = lambda part: vae.encode(part).latents, lambda raw: raw * factor
    else:
        model = StableDiffusion3(random_sd3(False))
        vae, factor, shift = model._vae, model._vae.config.scaling_factor, model._vae.config.shift_factor
        encode, wanted_of = (
            lambda part: vae.encode(part).latent_dist.mode(),
            lambda raw: (raw - shift) * factor,
        )
    pictures = pictures_of(3)
    with torch.inference_mode():
        inner = torch.stack([torch.from_numpy(one).permute(2, 0, 1) / 127.5 - 1 for one in pictures])
        wanted = wanted_of(encode(inner))
    latents = model.encoded(pictures, 2)
    assert latents.shape == wanted.shape and torch.allclose(latents, wanted, atol=1e-5)
    assert latents.std() > 0.01 and torch.allclose(model.encoded(pictures[2:], 1)[0], latents[2], atol=1e-5)
    latents = latents.clone().requires_grad_(True)
    assert differs(model, latents, model.decode(latents.detach(), 1)) <= 0.51
    model.decoded(latents).square().sum().backward()
    assert latents.grad is not None and latents.grad.abs().sum() > 0


def test_a_picture_that_is_not_finite_is_an_error():
    decoded = torch.zeros(1, 3, 8, 8)
    decoded[0, 0, 0, 0] = float("nan")
    with pytest.raises(FloatingPointError, match="made a picture that is not finite"):
        to_pictures(decoded)
