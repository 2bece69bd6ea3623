"""Diffusers' deterministic schedulers as coefficient tables, so that a mixed batch takes its step in one expression.

Each such scheduler is linear: x_{i+1} = Σ_j a_ij x_j + b_ij ε_j over a few latest latents x and network outputs ε. The numbers are read off
the real scheduler object: it is stepped once with unit vectors in the place of latents and outputs, one axis each. UniPC hides a
corrected sample that depends on all steps before; its numbers are fitted, exactly, to a run with unit vectors for the outputs.

Shape suffixes: B trajectories, K history depth (0 = current), S steps, C H W latents.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import torch

if (
    TYPE_CHECKING
):  # importing it takes longer than the rest of a short-lived process together, and most need only the tables
    from diffusers import SchedulerMixin

SUPPORTED = (
    "DDIMScheduler",
    "DPMSolverMultistepScheduler",
    "EulerDiscreteScheduler",
    "LMSDiscreteScheduler",
    "PNDMScheduler",
    "UniPCMultistepScheduler",
)
STABLE_DIFFUSION = {"clip_sample": False, "set_alpha_to_one": False, "skip_prk_steps": True, "steps_offset": 1}
"""What Stable Diffusion's own scheduler configs say, and a config of another class may leave out."""
MAX_HISTORY = 5
"""PNDM, which evaluates one timestep twice, looks back the furthest."""
NEGLIGIBLE = 1e-9
"""Coefficients below this are the rounding left by the probe."""
FITTED = 1e-6
"""What a fit may leave: UniPC solves its small systems in float32."""


class UnsupportedSchedulerError(ValueError):
    """The scheduler is stochastic, not linear, or remembers too much to be a table."""


@dataclass(frozen=True)
class SolverTable:
    """Coefficients of one scheduler at one step count; all tensors float32 on the CPU.

    ``timesteps_S`` goes into the network; ``input_scale_S`` multiplies the latents before it; ``latents_SK`` and ``outputs_SK``
    weigh the history, newest first; x̂0 = ``clean_latents_S`` · x + ``clean_output_S`` · ε; ``initial_scale`` multiplies
    unit noise.
    """

    name: str
    timesteps_S: torch.Tensor
    input_scale_S: torch.Tensor
    latents_SK: torch.Tensor
    outputs_SK: torch.Tensor
    clean_latents_S: torch.Tensor
    clean_output_S: torch.Tensor
    initial_scale: float

    @property
    def steps(self) -> int:
        """Network evaluations a picture needs."""
        return len(self.timesteps_S)

    @property
    def history(self) -> int:
        """How many latents and outputs a step looks at, the current ones included."""
        return int(self.latents_SK.shape[1])


def scheduler_from_name(name: str, config: dict[str, Any]) -> "SchedulerMixin":
    """The diffusers scheduler class ``name`` built on a model's scheduler ``config``, as Stable Diffusion's where that says nothing.

    Raises ``UnsupportedSchedulerError`` for a class that is not in ``SUPPORTED``.
    """
    import diffusers

    if name not in SUPPORTED:
        raise UnsupportedSchedulerError(f"solver: {name!r} is not supported; allowed: {', '.join(SUPPORTED)}")
    said = config.keys() - set(config.get("_use_default_values", ()))
    unsaid = {key: value for key, value in STABLE_DIFFUSION.items() if key not in said}
    return getattr(diffusers, name).from_config(config, **unsaid)


def solver_table(scheduler: "SchedulerMixin", steps: int) -> SolverTable:
    """Reads the table off ``scheduler`` for ``steps`` inference steps.

    Raises ``UnsupportedSchedulerError`` when the scheduler draws noise or its step reaches back beyond ``MAX_HISTORY``.
    """
    key = (type(scheduler).__name__, repr(sorted(scheduler.config.items(), key=lambda item: item[0])), steps)
    if key not in _TABLES:
        _TABLES[key] = _read_table(type(scheduler), dict(scheduler.config), steps)
    return _TABLES[key]


_TABLES: dict[tuple[str, str, int], SolverTable] = {}


def _read_table(kind: "type[SchedulerMixin]", config: dict[str, Any], steps: int) -> SolverTable:
    name = kind.__name__
    if name not in SUPPORTED:
        raise UnsupportedSchedulerError(f"solver: {name!r} is not supported; allowed: {', '.join(SUPPORTED)}")
    for key in ("clip_sample", "thresholding"):
        if config.get(key):
            raise UnsupportedSchedulerError(f"solver: {name} with {key}=True is not linear; allowed: {key}=False")
    if config.get("algorithm_type") in ("sde-dpmsolver", "sde-dpmsolver++"):
        raise UnsupportedSchedulerError(f"solver: {name} with algorithm_type={config['algorithm_type']} draws noise")
    prediction = config.get("prediction_type", "epsilon")
    if prediction not in ("epsilon", "v_prediction"):
        raise UnsupportedSchedulerError(f"solver: prediction_type={prediction!r}; allowed: epsilon, v_prediction")

    scheduler = kind.from_config(config)
    scheduler.set_timesteps(steps)
    timesteps = scheduler.timesteps
    count = len(timesteps)
    read = _fit if name == "UniPCMultistepScheduler" else _probe
    input_scale, latents_SK, outputs_SK = read(scheduler)
    both = (latents_SK.abs() + outputs_SK.abs()).amax(dim=0) > NEGLIGIBLE
    depth = int(both.nonzero().max()) + 1
    alpha, spread = _signal_and_noise(scheduler, count)
    if prediction == "epsilon":
        clean_latents, clean_output = input_scale / alpha, -spread / alpha
    else:
        clean_latents, clean_output = input_scale * alpha, -spread
    return SolverTable(
        name=name,
        timesteps_S=timesteps.clone(),
        input_scale_S=input_scale.float(),
        latents_SK=latents_SK[:, :depth].float(),
        outputs_SK=outputs_SK[:, :depth].float(),
        clean_latents_S=clean_latents.float(),
        clean_output_S=clean_output.float(),
        initial_scale=float(scheduler.init_noise_sigma),
    )


Coefficients = tuple[torch.Tensor, torch.Tensor, torch.Tensor]
"""Input scale [S], weights of the latents [S, K], weights of the outputs [S, K], all float64."""


def _probe(scheduler: "SchedulerMixin") -> Coefficients:
    """One step after the other on unit vectors: a fresh axis for every step's latents and one for its output."""
    timesteps = scheduler.timesteps
    count = len(timesteps)
    unit = torch.eye(2 * count, dtype=torch.float64)
    input_scale = torch.ones(count, dtype=torch.float64)
    latents_SK = torch.zeros(count, MAX_HISTORY, dtype=torch.float64)
    outputs_SK = torch.zeros(count, MAX_HISTORY, dtype=torch.float64)
    for index, timestep in enumerate(timesteps):
        input_scale[index] = scheduler.scale_model_input(torch.ones(1, dtype=torch.float64), timestep).item()
        taken = scheduler.step(unit[2 * index + 1], timestep, unit[2 * index]).prev_sample.double()
        coefficients = taken.view(count, 2).flip(0)[count - 1 - index :]
        if (coefficients[MAX_HISTORY:].abs() > NEGLIGIBLE).any():
            raise UnsupportedSchedulerError(f"solver: {type(scheduler).__name__} looks back beyond {MAX_HISTORY} steps")
        used = coefficients[:MAX_HISTORY]
        latents_SK[index, : len(used)], outputs_SK[index, : len(used)] = used[:, 0], used[:, 1]
    return input_scale, latents_SK, outputs_SK


def _fit(scheduler: "SchedulerMixin") -> Coefficients:
    """A whole run on unit vectors for the initial noise and the outputs; each new x is then expressed by the latest x and ε."""
    timesteps = scheduler.timesteps
    count = len(timesteps)
    unit = torch.eye(count + 1, dtype=torch.float64)
    latents = [unit[count] * float(scheduler.init_noise_sigma)]
    latents_SK = torch.zeros(count, MAX_HISTORY, dtype=torch.float64)
    outputs_SK = torch.zeros(count, MAX_HISTORY, dtype=torch.float64)
    for index, timestep in enumerate(timesteps):
        taken = scheduler.step(unit[index][None], timestep, latents[0][None]).prev_sample[0].double()
        for depth in range(1, min(MAX_HISTORY, index + 1) + 1):
            basis = torch.stack([*latents[:depth], *(unit[index - back] for back in range(depth))], dim=1)
            found = torch.linalg.lstsq(basis, taken[:, None], driver="gelsd").solution[:, 0]
            if (basis @ found - taken).abs().max() <= FITTED * max(1.0, float(taken.abs().max())):
                break
        else:
            raise UnsupportedSchedulerError(f"solver: {type(scheduler).__name__} looks back beyond {MAX_HISTORY} steps")
        latents_SK[index, :depth], outputs_SK[index, :depth] = found[:depth], found[depth:]
        latents.insert(0, taken)
    return torch.ones(count, dtype=torch.float64), latents_SK, outputs_SK


def _signal_and_noise(scheduler: "SchedulerMixin", count: int) -> tuple[torch.Tensor, torch.Tensor]:
    """√ᾱ and √(1−ᾱ) of the noise level that the network sees at each step, float64 [S]."""
    if type(scheduler).__name__ in ("DDIMScheduler", "PNDMScheduler"):
        squared = scheduler.alphas_cumprod[scheduler.timesteps.long()].double()
    else:
        squared = 1 / (1 + scheduler.sigmas[:count].double() ** 2)
    return squared.sqrt(), (1 - squared).clamp(min=0).sqrt()


def stack_history(newest_first: Sequence[torch.Tensor], weights_K: torch.Tensor, depth: int, step: int) -> torch.Tensor:
    """Latents or outputs of the steps so far, newest first, as one tensor [``depth``, …]; zeros where ``step`` looks no further back.

    ``weights_K`` are the row of the table that ``step`` weighs them by. Raises ``ValueError`` when one that has a weight is missing.
    """
    kept = list(newest_first[:depth])
    if bool(weights_K[len(kept) :].any()):
        found, wanted = len(kept), int(weights_K.nonzero().max()) + 1
        raise ValueError(f"step {step} needs a history of {wanted} steps, the solver has {found}")
    return torch.stack([*kept, *[torch.zeros_like(kept[0])] * (depth - len(kept))])


def solve(
    latents_BKCHW: torch.Tensor,
    outputs_BKCHW: torch.Tensor,
    weights_latents_BK: torch.Tensor,
    weights_outputs_BK: torch.Tensor,
) -> torch.Tensor:
    """One solver step of a mixed batch, [B, C, H, W]; the sums run in a fixed order, so a row never depends on its neighbours."""
    weights_x = weights_latents_BK[:, :, None, None, None]
    weights_e = weights_outputs_BK[:, :, None, None, None]
    terms = weights_x * latents_BKCHW + weights_e * outputs_BKCHW
    total = terms[:, 0]
    for back in range(1, terms.shape[1]):
        total = total + terms[:, back]
    return total
