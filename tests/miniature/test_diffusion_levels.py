"""Which noise levels the two rounds of the diffusion model's training draw."""

import pytest
import torch

from miniature.training.diffusion import (
    BATCH,
    EARLY_FROM,
    EARLY_SHARE,
    FIRST_SHARE,
    FIRST_WEIGHT,
    LARGEST_WEIGHT,
    TIMESTEPS,
    early_levels,
    uniform_levels,
)
from miniature.training.models import make_scheduler

ALPHAS = make_scheduler().alphas_cumprod.float()


def drawn(levels, batches: int = 200):
    noise = torch.Generator().manual_seed(0)
    return [torch.cat(parts) for parts in zip(*(levels(noise, ALPHAS) for _ in range(batches)), strict=True)]


def test_the_first_round_draws_every_timestep_alike():
    timesteps, signal, weight = drawn(uniform_levels)
    assert len(timesteps) == 200 * BATCH and signal.unique().tolist() == weight.unique().tolist() == [1.0]
    assert timesteps.min() >= 0 and timesteps.max() < TIMESTEPS
    assert timesteps.float().mean() == pytest.approx((TIMESTEPS - 1) / 2, rel=0.02)


def test_the_second_round_draws_mostly_early_steps_and_some_pure_noise():
    timesteps, signal, weight = drawn(early_levels)
    first = signal == 0
    assert first.float().mean() == pytest.approx(FIRST_SHARE, abs=0.01)
    assert (timesteps[first] == TIMESTEPS - 1).all() and (weight[first] == FIRST_WEIGHT).all()
    early = timesteps[~first] >= EARLY_FROM
    assert early.float().mean() == pytest.approx(EARLY_SHARE / (1 - FIRST_SHARE), abs=0.01)
    expected = (1 / ALPHAS[timesteps[~first]]).clamp(max=LARGEST_WEIGHT)
    assert torch.equal(weight[~first], expected) and expected.max() == LARGEST_WEIGHT


def test_an_early_level_holds_more_noise_than_picture():
    assert ALPHAS[EARLY_FROM - 1] > 0.5 > ALPHAS[EARLY_FROM + 50]
