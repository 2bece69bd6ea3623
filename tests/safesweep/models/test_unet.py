"""A UNet in the latents of an autoencoder: sizes, noise, pictures."""

import numpy as np
import pytest
import torch

from miniature import WEIGHTS
from safesweep.errors import InputError
from safesweep.models import check_solvers
from safesweep.models.checkpoint import ModelFolder
from safesweep.models.stable_diffusion import StableDiffusion


@pytest.mark.parametrize(("width", "height"), [(60, 64), (64, 100)])
def test_a_size_that_latents_cannot_have_is_refused(model, width, height):
    with pytest.raises(InputError, match=f"width {width}, height {height}: both must be multiples of 8"):
        model.initial_noise(0, width, height)


def test_a_picture_that_is_not_finite_is_an_error_and_never_black(model):
    latents = torch.zeros(2, 4, 8, 8)
    latents[1, 0, 0, 0] = float("nan")
    assert len(model.decode(latents[:1], 1)) == 1
    with pytest.raises(FloatingPointError, match="not finite"):
        model.decode(latents, 2)


def test_a_prediction_is_the_networks_own_row_by_row(model):
    latents = torch.stack([model.initial_noise(seed, 64, 64) for seed in (1, 2)])
    texts, times = [model.embed("a red circle"), model.embed("")], torch.tensor([900, 20])
    got = model.noise(latents, times, texts)
    with torch.no_grad():
        for row in range(2):
            [wanted] = model.network(
                latents[row : row + 1], times[row], encoder_hidden_states=texts[row].tokens[None], return_dict=False
            )
            assert torch.allclose(got[row], wanted[0], atol=1e-5)


def test_a_picture_is_the_decoders_rounded_to_256_levels(model, pipe):
    latents = torch.stack([model.initial_noise(seed, 64, 64) for seed in (1, 2, 3)])
    pictures = model.decode(latents, 2)
    with torch.no_grad():
        levels = pipe.vae.decode(latents / pipe.vae.config.scaling_factor).sample
    wanted = ((levels / 2 + 0.5).clamp(0, 1) * 255).permute(0, 2, 3, 1).numpy()
    for picture, level in zip(pictures, wanted, strict=True):
        assert picture.dtype == np.uint8 and np.abs(picture - level).max() <= 0.5 + 1e-2


def test_a_checkpoint_without_a_schedule_of_betas_is_refused(tmp_path):
    (tmp_path / "scheduler").mkdir()
    (tmp_path / "scheduler" / "scheduler_config.json").write_text('{"_class_name": "FlowMatchEulerDiscreteScheduler"}')
    with pytest.raises(InputError, match="FlowMatchEulerDiscreteScheduler has no beta_schedule"):
        StableDiffusion.check(ModelFolder(tmp_path), {})


def test_frozen_weights_take_no_gradients():
    from tests.random_models import random_pipeline

    fresh = StableDiffusion(random_pipeline())
    fresh.freeze()
    assert not any(weights.requires_grad for weights in fresh.network.parameters())


def test_a_schedule_that_no_size_changes_is_read_once_a_solver(monkeypatch):
    seen, read = [], ModelFolder.read

    def counted(folder, name):
        seen.append(name)
        return read(folder, name)

    monkeypatch.setattr(ModelFolder, "read", counted)
    solvers, sizes = [("DDIMScheduler", 4), ("UniPCMultistepScheduler", 3)], [(64, 64), (64, 128), (128, 64)]
    levels = check_solvers(str(WEIGHTS / "diffusion"), None, solvers, sizes)
    assert seen.count("scheduler/scheduler_config.json") == len(solvers)
    assert set(levels) == {(*solver, *size) for solver in solvers for size in sizes}
    for solver in solvers:
        assert len({levels[(*solver, *size)] for size in sizes}) == 1 and len(levels[(*solver, 64, 64)]) == solver[1]
