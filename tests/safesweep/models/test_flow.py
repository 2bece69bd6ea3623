"""Flow-matching solvers as tables: against diffusers' schedulers stepping the same network, and the traps on the way to them."""

import json
import math

import diffusers
import pytest
import torch

from safesweep.errors import InputError
from safesweep.models import check_solvers
from safesweep.models.flow import flow_scheduler, time_shift
from safesweep.models.probe import FLOW_SUPPORTED, UnsupportedSchedulerError
from safesweep.models.sd3 import StableDiffusion3
from safesweep.models.solver import solver_table
from tests.random_flow_models import FLUX_SCHEDULER, SD3_SCHEDULER, random_sd3
from tests.safesweep.models.solver_runs import assert_takes_the_steps_of

OWN = {"_class_name": "FlowMatchEulerDiscreteScheduler", **SD3_SCHEDULER}
ON_A_FLOW = {"use_flow_sigmas": True, "prediction_type": "flow_prediction", "flow_shift": 3.0}


def reference(name: str):
    """The scheduler as a user of diffusers would write it for SD3."""
    if name.startswith("FlowMatch"):
        return getattr(diffusers, name)(shift=3.0)
    return getattr(diffusers, name)(**ON_A_FLOW)


@pytest.mark.parametrize("steps", [4, 13])
@pytest.mark.parametrize("name", FLOW_SUPPORTED)
def test_a_table_takes_the_steps_of_its_scheduler(name, steps):
    scheduler = reference(name)
    scheduler.set_timesteps(steps)
    scheduler.set_begin_index(0)
    table = solver_table(flow_scheduler(name, OWN), steps)
    assert table.steps == (2 * steps - 1 if "Heun" in name else steps)
    assert_takes_the_steps_of(table, scheduler)
    assert torch.allclose(table.level_S, scheduler.sigmas[: table.steps])


@pytest.mark.parametrize("name", FLOW_SUPPORTED)
def test_the_clean_picture_and_the_noise_are_read_off_the_line(name):
    table = solver_table(flow_scheduler(name, OWN), 6)
    generator = torch.Generator().manual_seed(0)
    clean, noise = torch.randn(2, 5, generator=generator)
    for step, level in enumerate(table.levels):
        x, v = (1 - level) * clean + level * noise, noise - clean
        assert torch.allclose(table.clean_latents_S[step] * x + table.clean_output_S[step] * v, clean, atol=1e-5)
        # ε̂ = x + (1 − σ)·v, so that differences of ε are (1 − σ) times those of v
        assert torch.allclose(x + table.noise_per_output_S[step] * v, noise, atol=1e-5)


def test_a_flow_models_config_given_to_another_solver_stays_a_flow():
    """``from_config`` alone makes a noise-predicting solver with linear betas of it, without a word."""
    trap = diffusers.DPMSolverMultistepScheduler.from_config(OWN)
    assert (trap.config.prediction_type, trap.config.beta_schedule) == ("epsilon", "linear")
    kept = flow_scheduler("DPMSolverMultistepScheduler", OWN).config
    assert {key: kept[key] for key in ON_A_FLOW} == ON_A_FLOW


def test_the_shift_of_a_dpm_checkpoint_is_euler_s_too():
    euler = flow_scheduler("FlowMatchEulerDiscreteScheduler", {"_class_name": "UniPCMultistepScheduler", **ON_A_FLOW})
    assert euler.config.shift == 3.0
    assert (
        flow_scheduler(
            "UniPCMultistepScheduler", {"_class_name": "UniPCMultistepScheduler", **ON_A_FLOW}
        ).config.flow_shift
        == 3.0
    )


def test_timesteps_are_not_rounded():
    table = solver_table(flow_scheduler("FlowMatchEulerDiscreteScheduler", OWN), 7)
    assert table.timesteps_S.dtype == torch.float32
    assert torch.allclose(table.timesteps_S, 1000 * table.level_S) and bool((table.timesteps_S % 1 != 0).any())


@pytest.mark.parametrize(
    ("tokens", "mu"), [(256, 0.5), (4096, 1.15), (1024, 0.5 + 0.65 * 768 / 3840)], ids=["least", "most", "512²"]
)
def test_the_dynamic_shift_is_linear_in_the_pictures_tokens(tokens, mu):
    found = time_shift(FLUX_SCHEDULER, tokens, 1.16)
    assert math.isclose(found, mu, rel_tol=1e-9)
    assert math.isclose(
        found, diffusers.pipelines.flux.pipeline_flux.calculate_shift(tokens, 256, 4096, 0.5, 1.15), rel_tol=1e-9
    )


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"stochastic_sampling": True}, "stochastic_sampling=True draws noise"),
        ({"invert_sigmas": True}, "invert_sigmas=True walks from picture to noise"),
    ],
)
def test_what_cannot_be_a_table_is_refused_in_words(tmp_path, changes, message):
    random_sd3(False).save_pretrained(tmp_path)
    path = tmp_path / "scheduler" / "scheduler_config.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), **changes}))
    with pytest.raises(InputError, match=f"{path}: solver: FlowMatchEulerDiscreteScheduler with {message}"):
        check_solvers(str(tmp_path), None, [("FlowMatchEulerDiscreteScheduler", 5)], [(64, 64)])


def test_a_solver_of_noise_models_is_refused_by_name():
    with pytest.raises(
        UnsupportedSchedulerError, match="'DDIMScheduler' is not for a flow-matching model; allowed: Flow"
    ):
        flow_scheduler("DDIMScheduler", OWN)


@pytest.mark.parametrize("exactly", [True, False])
def test_rows_of_one_length_are_computed_together_in_either_mode(exactly):
    model = StableDiffusion3(random_sd3(False))
    model.reproduce(exactly)
    calls: list[int] = []
    model.network.register_forward_pre_hook(
        lambda module, args, kwargs: calls.append(len(kwargs["hidden_states"])), with_kwargs=True
    )
    latents = torch.randn(3, 4, 16, 16, generator=torch.Generator().manual_seed(1))
    model.noise(latents, torch.tensor([900.0, 500.0, 100.0]), [model.embed(text) for text in ("a", "b", "c")])
    assert calls == [3]
