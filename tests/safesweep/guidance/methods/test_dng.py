"""DNG's posterior against the densities of the reverse transitions themselves, and what it does along a trajectory."""

import math

import pytest
import torch
from diffusers import DDPMScheduler

from safesweep.engine.config import EngineConfig
from safesweep.guidance.methods.dng import DynamicNegativeGuidance, posterior, subtract_from_empty
from safesweep.guidance.methods.seen import Seen
from safesweep.models.solver import solver_table
from tests.safesweep.tiny import STEPS, cell, job, run, tiny_model

TEMPERATURE, OFFSET, PRIOR, LOWEST, HIGHEST = 0.3, 0.02, 0.2, 1e-6, 0.8
SHAPE = (4, 8, 8)


def scales(rows: int = 1) -> tuple[torch.Tensor, ...]:
    numbers = (TEMPERATURE, OFFSET, math.log(PRIOR), math.log(LOWEST), math.log(HIGHEST))
    return tuple(torch.full((rows, 1, 1, 1), number) for number in numbers)


def test_the_posterior_is_the_ratio_of_ddpms_transition_densities():
    """Mean and variance are those that diffusers' DDPM draws from; the squares are taken in float64, as the paper writes them."""
    chance = torch.Generator().manual_seed(3)
    table = solver_table(tiny_model().scheduler("DDIMScheduler"), STEPS)
    ddpm = DDPMScheduler.from_config(tiny_model().scheduler("DDIMScheduler").config, clip_sample=False)
    ddpm.set_timesteps(STEPS)
    assert torch.equal(ddpm.timesteps, table.timesteps_S.long())
    kept, log_p = torch.zeros(1, 4, *SHAPE), math.log(PRIOR)
    means: list[torch.Tensor] = []
    x = torch.randn(SHAPE, generator=chance)
    for step in range(STEPS):
        base, negative = torch.randn(2, *SHAPE, generator=chance) * 0.1 + x * 0.9
        if step:
            variance = float(ddpm._get_variance(int(ddpm.timesteps[step - 1])))
            far, near = (float(((x.double() - mean.double()) ** 2).sum()) for mean in means)
            log_p += -TEMPERATURE / (2 * variance) * (far - near) + OFFSET / (2 * variance)
            log_p = min(max(log_p, math.log(LOWEST)), math.log(HIGHEST))
        kept = posterior((base[None], negative[None]), scales(), kept, Seen((x,), ((table, step),)))
        assert float(kept[0, 0, 0, 0, 0]) == pytest.approx(log_p - math.log(PRIOR), abs=2e-3)
        assert (kept[:, 0] == kept[0, 0, 0, 0, 0]).all()
        if step + 1 < STEPS:
            ddpm_means = []
            for output in (negative, base):
                drawn = ddpm.step(output, ddpm.timesteps[step], x, generator=torch.Generator().manual_seed(9))
                noise = torch.randn(SHAPE, generator=torch.Generator().manual_seed(9))
                ddpm_means.append(
                    drawn.prev_sample - noise * float(ddpm._get_variance(int(ddpm.timesteps[step]))) ** 0.5
                )
            means = ddpm_means
            x = means[step % 2] + 0.05 * torch.randn(SHAPE, generator=chance)


def test_it_rises_where_the_negative_explains_the_step_and_falls_where_the_base_does():
    table = solver_table(tiny_model().scheduler("DDIMScheduler"), STEPS)
    x, apart = torch.randn(2, *SHAPE, generator=torch.Generator().manual_seed(4))
    base, negative = x - 0.01 * apart, x + 0.01 * apart
    kept = posterior((base[None], negative[None]), scales(), torch.zeros(1, 4, *SHAPE), Seen((x,), ((table, 1),)))
    towards = float(table.signal_S[2] / table.noise_S[2] ** 2)
    for sign in (1, -1):
        arrived = kept[0, 1] + sign * kept[0, 2] / towards  # the mean of the negative's transition, and of the base's
        after = posterior((base[None], negative[None]), scales(), kept, Seen((arrived,), ((table, 2),)))
        assert sign * float(after[0, 0, 0, 0, 0] - kept[0, 3, 0, 0, 0]) > 0


def test_a_step_between_equal_levels_tells_nothing():
    table = solver_table(tiny_model().scheduler("PNDMScheduler"), 4)
    assert table.noise_S[1] == table.noise_S[2]
    x, base, negative = torch.randn(3, *SHAPE, generator=torch.Generator().manual_seed(5))
    kept = posterior((base[None], negative[None]), scales(), torch.zeros(1, 4, *SHAPE), Seen((x,), ((table, 1),)))
    after = posterior((base[None], negative[None]), scales(), kept, Seen((x * 3,), ((table, 2),)))
    assert (kept[:, 2:] == 0).all() and (after[:, 0] == kept[:, 0]).all() and torch.isfinite(after).all()


def test_the_strength_is_lambda_times_the_odds():
    empty, prompt, negative = torch.randn(3, 1, *SHAPE, generator=torch.Generator().manual_seed(6))
    kept = torch.zeros(1, 4, *SHAPE)
    numbers = tuple(torch.full((1, 1, 1, 1), number) for number in (4.0, 6.0, math.log(0.25)))
    got = subtract_from_empty((empty, prompt, negative, kept), numbers)
    assert torch.allclose(got, empty + 4 * (prompt - empty) - 2 * (negative - empty), atol=1e-5)


def test_with_a_posterior_that_stays_it_is_a_static_negative():
    """The paper's static limit: no temperature and no offset leave p at the prior."""
    still = {"temperature": 0.0, "offset": 0.0, "prior": 0.5, "against": "empty", "negative_scale": 2.0}
    [[dng, static]] = run([job(cell("dng", **still), cell("static_negative", negative_scale=2.0))]).results
    assert (tiny_model().latents_of(dng.picture) - tiny_model().latents_of(static.picture)).abs().max() <= 1e-4


def test_every_step_takes_three_rows_and_negatives_of_two_cells_are_not_confused():
    cells = (cell("dng"), cell("dng", negative_prompt="skull"), cell("dng", negative_scale=5.0))
    made = run([job(*cells)], EngineConfig(max_rows=12, reproducible=True))
    assert [trial.rows_alone for trial in made.results[0]] == [3 * STEPS] * 3
    for one, together in zip(cells, made.digests[0], strict=True):
        assert run([job(one)], EngineConfig(max_rows=12, reproducible=True)).digests[0][0] == together
    assert len(set(made.digests[0])) == 3


def test_a_prior_beyond_its_bounds_is_refused():
    with pytest.raises(ValueError, match="prior: must lie within p_min 1e-06 and p_max 0.8, is 0.9"):
        DynamicNegativeGuidance(negative_scale=1.0, negative_prompt="dagger", prior=0.9)
