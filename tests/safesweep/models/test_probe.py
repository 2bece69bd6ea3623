"""Tables read off scheduler configs as checkpoints have them, against the scheduler objects; and what is refused, in words."""

import diffusers
import pytest

from safesweep.models.probe import UnsupportedSchedulerError
from safesweep.models.solver import scheduler_from_name, solver_table
from tests.random_models import SDXL_SCHEDULER
from tests.safesweep.models.solver_runs import assert_takes_the_steps_of

TRAINED = {"beta_start": 0.00085, "beta_end": 0.012, "beta_schedule": "scaled_linear", "clip_sample": False}
ZERO_SNR = {"rescale_betas_zero_snr": True, "prediction_type": "v_prediction", "timestep_spacing": "trailing"}
RUN = [
    ("DPMSolverMultistepScheduler", {**SDXL_SCHEDULER, "use_beta_sigmas": True}, 50),
    ("UniPCMultistepScheduler", {**SDXL_SCHEDULER, "use_beta_sigmas": True}, 50),
    ("DPMSolverMultistepScheduler", {**TRAINED, "use_lu_lambdas": True, "solver_order": 3}, 12),
    ("DPMSolverMultistepScheduler", {**TRAINED, "algorithm_type": "dpmsolver", "final_sigmas_type": "sigma_min"}, 12),
    ("UniPCMultistepScheduler", {**TRAINED, **ZERO_SNR, "solver_order": 3}, 10),
    ("UniPCMultistepScheduler", {**TRAINED, **ZERO_SNR, "solver_order": 3}, 50),
    (
        "UniPCMultistepScheduler",
        {**TRAINED, "solver_order": 3, "predict_x0": False, "final_sigmas_type": "sigma_min"},
        25,
    ),
    ("UniPCMultistepScheduler", {**TRAINED, "solver_order": 2, "disable_corrector": [0, 1]}, 12),
    ("UniPCMultistepScheduler", {**TRAINED, "use_karras_sigmas": True}, 1),
    ("PNDMScheduler", {**TRAINED, "skip_prk_steps": False}, 10),
    ("PNDMScheduler", {**TRAINED, "skip_prk_steps": False, "timestep_spacing": "leading"}, 50),
    ("DDIMScheduler", {**TRAINED, **ZERO_SNR}, 12),
    ("EulerDiscreteScheduler", {**TRAINED, "final_sigmas_type": "sigma_min", "use_exponential_sigmas": True}, 12),
    ("LMSDiscreteScheduler", {**TRAINED, "use_beta_sigmas": True, "timestep_spacing": "leading"}, 12),
]


@pytest.mark.parametrize(("name", "config", "steps"), RUN)
def test_a_table_takes_the_steps_of_its_scheduler(name, config, steps):
    scheduler = getattr(diffusers, name).from_config(config)
    table = solver_table(scheduler_from_name(name, config), steps)
    scheduler.set_timesteps(steps)
    if hasattr(scheduler, "set_begin_index"):
        scheduler.set_begin_index(0)
    assert_takes_the_steps_of(table, scheduler)


@pytest.mark.parametrize(
    ("name", "config", "steps", "message"),
    [
        ("DPMSolverMultistepScheduler", {**TRAINED, "use_flow_sigmas": True}, 10, "use_flow_sigmas=True is for flow"),
        ("EulerDiscreteScheduler", {**TRAINED, "prediction_type": "sample"}, 10, "prediction_type='sample'; allowed"),
        (
            "DDIMScheduler",
            {"beta_schedule": "scaled_linear"},
            10,
            "clip_sample=True is not linear; allowed: clip_sample",
        ),
        ("DDIMScheduler", {**TRAINED, **ZERO_SNR, "prediction_type": "epsilon"}, 10, "divides by zero with this sched"),
        (
            "UniPCMultistepScheduler",
            {**TRAINED, "solver_type": "bh1"},
            10,
            "divides by zero with this scheduler config",
        ),
        (
            "PNDMScheduler",
            {**TRAINED, "skip_prk_steps": False},
            2,
            r"diffusers' PNDMScheduler fails .* at 2 steps \(Val",
        ),
        ("DDIMScheduler", TRAINED, 2000, r"fails with this scheduler config at 2000 steps \(ValueError"),
        (
            "DPMSolverMultistepScheduler",
            {**TRAINED, "algorithm_type": "dpmsolver", "final_sigmas_type": "zero"},
            10,
            "does not take the model's scheduler config: .*final_sigmas_type",
        ),
    ],
)
def test_what_cannot_be_a_table_is_refused_in_words(name, config, steps, message):
    with pytest.raises(UnsupportedSchedulerError, match=message):
        solver_table(scheduler_from_name(name, config), steps)
