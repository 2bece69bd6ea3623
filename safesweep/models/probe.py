"""Reads a solver's table off the real diffusers scheduler: it is stepped with unit vectors for latents and outputs, one axis each.

UniPC corrects the latents that a step began from after the step, and hides them; they are told from the latents that came out.

Shape suffixes: K history depth (0 = current), S steps, A axes (two a step: its latents, its output).
"""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

import torch

if TYPE_CHECKING:
    from diffusers import SchedulerMixin

SUPPORTED = (
    "DDIMScheduler",
    "DPMSolverMultistepScheduler",
    "EulerDiscreteScheduler",
    "LMSDiscreteScheduler",
    "PNDMScheduler",
    "UniPCMultistepScheduler",
)
MAX_HISTORY = 16
"""PNDM with its Runge-Kutta steps looks back the furthest, 13; trimmed to what a table needs."""
NEGLIGIBLE = 1e-9
"""Coefficients below this are the rounding left by the probe."""
FLOW_SUPPORTED = (
    "FlowMatchEulerDiscreteScheduler",
    "FlowMatchHeunDiscreteScheduler",
    "DPMSolverMultistepScheduler",
    "UniPCMultistepScheduler",
)
"""Schedulers of flow-matching models."""
EVERY = tuple(dict.fromkeys((*SUPPORTED, *FLOW_SUPPORTED)))
BY_TIMESTEP = ("DDIMScheduler", "PNDMScheduler")
"""They read their noise levels off the training schedule; the others keep a list of sigmas."""


class UnsupportedSchedulerError(ValueError):
    """The scheduler is stochastic, not linear, remembers too much to be a table, or does not run with its config at all."""


class Coefficients(NamedTuple):
    """Of every step; float64, but for the timesteps, which are as the scheduler has them."""

    timesteps_S: torch.Tensor
    input_scale_S: torch.Tensor
    latents_SK: torch.Tensor
    outputs_SK: torch.Tensor
    signal_S: torch.Tensor
    """Of the noise level that the network sees: √ᾱ, or 1 − σ of a flow."""
    noise_S: torch.Tensor
    """√(1−ᾱ), or σ of a flow."""
    initial_scale: float
    """Multiplies unit noise."""


def is_flow(name: str, config: Mapping[str, Any]) -> bool:
    """Whether a scheduler walks the straight line from picture to noise of a flow-matching model."""
    return name.startswith("FlowMatch") or bool(config.get("use_flow_sigmas"))


def read_coefficients(
    kind: "type[SchedulerMixin]", config: dict[str, Any], steps: int, schedule: Mapping[str, Any] | None = None
) -> Coefficients:
    """The numbers of a scheduler class with a config at ``steps`` inference steps.

    ``schedule``: what a flow model's pipeline further gives to ``set_timesteps``, ``sigmas`` and ``mu``.

    Raises ``UnsupportedSchedulerError`` when the scheduler draws noise, is not linear, looks back beyond ``MAX_HISTORY`` steps, when
    its config says of another kind of model what it predicts, or when diffusers itself cannot take these steps.
    """
    name = kind.__name__
    _refuse(name, config)
    try:
        scheduler: Any = kind.from_config(config)
        scheduler.set_timesteps(steps, **(schedule or {}))
        if hasattr(scheduler, "set_begin_index"):  # else the second of two equal first timesteps is taken
            scheduler.set_begin_index(0)
        input_scale_S, taken_SA = (_probe_corrected if name == "UniPCMultistepScheduler" else _probe)(scheduler)
        signal_S, noise_S = _signal_and_noise(scheduler)
    except Exception as error:  # whatever diffusers stumbles over, the user hears which scheduler and how many steps
        said = str(error).strip().split("\n")[0][:200] or "no reason given"
        raise UnsupportedSchedulerError(
            f"solver: diffusers' {name} fails with this scheduler config at {steps} steps ({type(error).__name__}: {said})"
        ) from error
    latents_SK, outputs_SK = _newest_first(taken_SA, name)
    start = 1.0 if is_flow(name, config) else float(scheduler.init_noise_sigma)
    return Coefficients(scheduler.timesteps.clone(), input_scale_S, latents_SK, outputs_SK, signal_S, noise_S, start)


def _refuse(name: str, config: dict[str, Any]) -> None:
    if name not in EVERY:
        raise UnsupportedSchedulerError(f"solver: {name!r} is not supported; allowed: {', '.join(EVERY)}")
    for key in ("clip_sample", "thresholding"):
        if config.get(key):
            raise UnsupportedSchedulerError(
                f"solver: {name} with {key}=True is not linear; allowed: {key}=False, in the model's scheduler_config.json "
                f"(a key left out there takes {name}'s own default)"
            )
    if config.get("algorithm_type") in ("sde-dpmsolver", "sde-dpmsolver++"):
        raise UnsupportedSchedulerError(f"solver: {name} with algorithm_type={config['algorithm_type']} draws noise")
    if config.get("stochastic_sampling"):
        raise UnsupportedSchedulerError(f"solver: {name} with stochastic_sampling=True draws noise")
    if config.get("invert_sigmas"):
        raise UnsupportedSchedulerError(f"solver: {name} with invert_sigmas=True walks from picture to noise")
    if name.startswith("FlowMatch"):
        return
    prediction = config.get("prediction_type", "epsilon")
    allowed = ("flow_prediction",) if config.get("use_flow_sigmas") else ("epsilon", "v_prediction")
    if prediction not in allowed:
        raise UnsupportedSchedulerError(f"solver: prediction_type={prediction!r}; allowed: {', '.join(allowed)}")


def _newest_first(taken_SA: torch.Tensor, name: str) -> tuple[torch.Tensor, torch.Tensor]:
    """Weights of latents and of outputs, [S, K] each, from what every step made of every axis."""
    count = len(taken_SA)
    latents_SK, outputs_SK = torch.zeros(2, count, MAX_HISTORY, dtype=torch.float64)
    for index, taken_A in enumerate(taken_SA):
        pairs = taken_A.view(count, 2)[: index + 1].flip(0)
        if bool((pairs[MAX_HISTORY:].abs() > NEGLIGIBLE).any()):
            raise UnsupportedSchedulerError(f"solver: {name} looks back beyond {MAX_HISTORY} steps")
        used = pairs[:MAX_HISTORY]
        latents_SK[index, : len(used)], outputs_SK[index, : len(used)] = used[:, 0], used[:, 1]
    return latents_SK, outputs_SK


def _probe(scheduler: Any) -> tuple[torch.Tensor, torch.Tensor]:
    """Input scales [S], and what one step after the other makes of a fresh axis for its latents and one for its output, [S, A]."""
    count = len(scheduler.timesteps)
    unit, scales, taken = torch.eye(2 * count, dtype=torch.float64), [], []
    one = torch.ones(1, dtype=torch.float64)
    for index, timestep in enumerate(scheduler.timesteps):
        scales.append(scheduler.scale_model_input(one, timestep) if hasattr(scheduler, "scale_model_input") else one)
        taken.append(scheduler.step(unit[2 * index + 1], timestep, unit[2 * index]).prev_sample.double())
    return torch.cat(scales).double(), torch.stack(taken)


def _probe_corrected(scheduler: Any) -> tuple[torch.Tensor, torch.Tensor]:
    """As ``_probe``, for UniPC: x_{i+1} = β·c_i + m_i, where c_i is the corrected x_i, hidden, and m_i a sum of converted outputs.

    The next step starts from c_i, so it is given as (x_{i+1} − m_i) / β. β is what comes through of a tag, an axis that only c_{i−1}
    has (UniPC, arXiv 2302.04867, algorithms 5 to 8, as diffusers writes them).
    """
    count = len(scheduler.timesteps)
    unit, taken = torch.eye(2 * count + 1, dtype=torch.float64), []
    hidden = unit[0]
    for index, timestep in enumerate(scheduler.timesteps):
        if index:
            scheduler.last_sample = (hidden + unit[-1])[None]
        latents, output = unit[2 * index], unit[2 * index + 1]
        made = scheduler.step(output[None], timestep, latents[None]).prev_sample[0].double()
        taken.append(made[:-1])
        if index + 1 < count:
            hidden = _hidden(latents, made, scheduler.last_sample[0].double(), unit[2 * index + 2])
    return torch.ones(count, dtype=torch.float64), torch.stack(taken)


def _hidden(latents: torch.Tensor, made: torch.Tensor, corrected: torch.Tensor, after: torch.Tensor) -> torch.Tensor:
    """The corrected sample that a step from ``latents`` went on from, by the axis ``after`` of what it made."""
    if corrected[-1] == 0:  # the corrector was not used
        return latents
    through = made[-1] / corrected[-1]
    return (after - (made - through * corrected)) / through


def _signal_and_noise(scheduler: Any) -> tuple[torch.Tensor, torch.Tensor]:
    """√ᾱ and √(1−ᾱ) of the noise level that the network sees at each step, or 1 − σ and σ of a flow, float64 [S]."""
    if is_flow(type(scheduler).__name__, scheduler.config):
        levels = scheduler.sigmas[: len(scheduler.timesteps)].double()
        return 1 - levels, levels
    if type(scheduler).__name__ in BY_TIMESTEP:
        squared = scheduler.alphas_cumprod[scheduler.timesteps.long()].double()
    else:
        squared = 1 / (1 + scheduler.sigmas[: len(scheduler.timesteps)].double() ** 2)
    return squared.sqrt(), (1 - squared).clamp(min=0).sqrt()
