"""Solver tables against the diffusers scheduler objects that they were read off."""

import pytest
import torch

from miniature.training.models import make_scheduler
from safesweep.models.flow import flow_scheduler
from safesweep.models.probe import SUPPORTED, UnsupportedSchedulerError
from safesweep.models.solver import (
    scheduler_from_name,
    solver_table,
    stack_history,
)
from tests.safesweep.models.solver_runs import assert_takes_the_steps_of

CONFIG = {key: value for key, value in make_scheduler().config.items() if not key.startswith("_")}


@pytest.mark.parametrize("steps", [4, 25, 50])
@pytest.mark.parametrize("prediction", ["epsilon", "v_prediction"])
@pytest.mark.parametrize("name", SUPPORTED)
def test_a_table_takes_the_steps_of_its_scheduler(name, prediction, steps):
    scheduler = scheduler_from_name(name, {**CONFIG, "prediction_type": prediction})
    table = solver_table(scheduler, steps)
    scheduler.set_timesteps(steps)
    assert_takes_the_steps_of(table, scheduler)


@pytest.mark.parametrize(
    ("name", "key", "default"),
    [
        ("EulerDiscreteScheduler", "steps_offset", 0),
        ("PNDMScheduler", "skip_prk_steps", False),
        ("DDIMScheduler", "set_alpha_to_one", True),
        ("DPMSolverMultistepScheduler", "timestep_spacing", "linspace"),
    ],
)
def test_what_a_config_leaves_out_is_the_classs_own_default(name, key, default):
    config = {"_class_name": "EulerDiscreteScheduler", "beta_schedule": "scaled_linear", "clip_sample": False}
    assert scheduler_from_name(name, config).config[key] == default


def test_a_history_is_stacked_newest_first_and_ends_in_zeros():
    past = [torch.full((2, 3), float(number)) for number in (3, 2, 1)]
    stacked = stack_history(past[1:], torch.tensor([0.5, -0.5, 0.0]), 4, step=1)
    assert torch.equal(stacked, torch.stack([past[1], past[2], torch.zeros(2, 3), torch.zeros(2, 3)]))
    assert torch.equal(stack_history(past, torch.tensor([1.0, 1.0]), 2, step=2), torch.stack(past[:2]))


@pytest.mark.parametrize("name", SUPPORTED)
def test_a_step_without_the_history_that_it_weighs_is_an_error(name):
    table = solver_table(scheduler_from_name(name, CONFIG), 12)
    step, one = 8, torch.ones(1)
    reach = int(table.outputs_SK[step].nonzero().max()) + 1
    assert len(stack_history([one] * reach, table.outputs_SK[step], table.history, step)) == table.history
    with pytest.raises(ValueError, match=f"step 8 needs a history of {reach} steps, the solver has {reach - 1}"):
        stack_history([one] * (reach - 1), table.outputs_SK[step], table.history, step)


def test_the_predicted_clean_latents_are_those_of_ddim():
    scheduler = scheduler_from_name("DDIMScheduler", CONFIG)
    table = solver_table(scheduler, 20)
    scheduler.set_timesteps(20)
    x, output = torch.randn(2, 1, 4, 8, 8, generator=torch.Generator().manual_seed(1))
    for index, timestep in enumerate(scheduler.timesteps):
        wanted = scheduler.step(output, timestep, x).pred_original_sample
        got = table.clean_latents_S[index] * x + table.clean_output_S[index] * output
        assert torch.allclose(got, wanted, rtol=1e-4, atol=1e-4)


def test_what_cannot_be_a_table_is_refused_by_name():
    with pytest.raises(
        UnsupportedSchedulerError, match="'EulerAncestralDiscreteScheduler' is not supported; allowed: DDIM"
    ):
        scheduler_from_name("EulerAncestralDiscreteScheduler", CONFIG)
    stochastic = scheduler_from_name("DPMSolverMultistepScheduler", {**CONFIG, "algorithm_type": "sde-dpmsolver++"})
    with pytest.raises(UnsupportedSchedulerError, match="draws noise"):
        solver_table(stochastic, 10)
    clipped = scheduler_from_name("DDIMScheduler", CONFIG)
    clipped.register_to_config(clip_sample=True)
    with pytest.raises(UnsupportedSchedulerError, match="clip_sample=True is not linear"):
        solver_table(clipped, 10)


@pytest.mark.parametrize("build", [scheduler_from_name, flow_scheduler])
def test_a_config_that_a_class_does_not_take_is_refused_in_words(build):
    with pytest.raises(
        UnsupportedSchedulerError, match="DPMSolverMultistepScheduler does not take the model's .* magic"
    ):
        build("DPMSolverMultistepScheduler", {"algorithm_type": "magic"})
