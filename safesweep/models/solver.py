"""Diffusers' deterministic schedulers as coefficient tables, so that a mixed batch takes its step in one expression.

Each such scheduler is linear: x_{i+1} = Σ_j a_ij x_j + b_ij ε_j over a few latest latents x and network outputs ε. The numbers are read off
the real scheduler object by ``safesweep.models.probe``.

Shape suffixes: B trajectories, K history depth (0 = current), S steps, C H W latents.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, NamedTuple

import torch

from safesweep.models.probe import NEGLIGIBLE, SUPPORTED, UnsupportedSchedulerError, is_flow, read_coefficients

if (
    TYPE_CHECKING
):  # importing it takes longer than the rest of a short-lived process together, and most need only the tables
    from diffusers import SchedulerMixin


@dataclass(frozen=True)
class SolverTable:
    """Coefficients of one scheduler at one step count; all tensors float32 on the CPU.

    ``timesteps_S`` goes into the network; ``input_scale_S`` multiplies the latents before it; ``latents_SK`` and ``outputs_SK``
    weigh the history, newest first; x̂0 = ``clean_latents_S`` · x + ``clean_output_S`` · ε; ``initial_scale`` multiplies
    unit noise. ``level_S`` is the noise level that the network sees, from 1 (noise) to 0 (picture): σ of a flow, and of a schedule of
    betas the flow's σ with the same ratio of noise to picture. A difference of a flow's outputs, times ``noise_per_output_S``, is
    that of the noises that they stand for; 1 where the network predicts noise, and where it predicts v, which released methods read as
    noise. What goes into the network is x_t = ``signal_S`` · x0 + ``noise_S`` · ε.
    """

    name: str
    timesteps_S: torch.Tensor
    input_scale_S: torch.Tensor
    latents_SK: torch.Tensor
    outputs_SK: torch.Tensor
    clean_latents_S: torch.Tensor
    clean_output_S: torch.Tensor
    initial_scale: float
    level_S: torch.Tensor
    noise_per_output_S: torch.Tensor
    signal_S: torch.Tensor
    noise_S: torch.Tensor

    @cached_property
    def steps(self) -> int:
        """Network evaluations a picture needs."""
        return len(self.timesteps_S)

    @cached_property
    def levels(self) -> tuple[float, ...]:
        """``level_S`` as numbers."""
        return tuple(self.level_S.tolist())

    @cached_property
    def history(self) -> int:
        """How many latents and outputs a step looks at, the current ones included."""
        return int(self.latents_SK.shape[1])

    @cached_property
    def inputs(self) -> tuple[tuple[torch.Tensor, torch.Tensor], ...]:
        """``input_scale_S`` and ``timesteps_S`` of each step."""
        return tuple(zip(self.input_scale_S.unbind(), self.timesteps_S.unbind(), strict=True))

    def weights(self, depth: int) -> "tuple[StepWeights, ...]":
        """How each step weighs its history, zeros behind it up to ``depth``, which is at least ``history``."""
        if depth not in self._weights:
            latents, outputs = (
                torch.nn.functional.pad(part, (0, depth - self.history)) for part in (self.latents_SK, self.outputs_SK)
            )
            self._weights[depth] = tuple(
                StepWeights(*rows, *map(_reach, rows)) for rows in zip(latents.unbind(), outputs.unbind(), strict=True)
            )
        return self._weights[depth]

    @cached_property
    def _weights(self) -> "dict[int, tuple[StepWeights, ...]]":
        return {}


class StepWeights(NamedTuple):
    """How a step weighs latents and outputs [K], newest first, and how many of each it needs."""

    latents: torch.Tensor
    outputs: torch.Tensor
    latents_reach: int
    outputs_reach: int


def scheduler_from_name(
    name: str, config: Mapping[str, Any], forced: Mapping[str, Any] | None = None
) -> "SchedulerMixin":
    """The diffusers scheduler class ``name`` on a model's scheduler ``config``; keys left out there take the class's own defaults.

    ``forced``: values that the model's pipeline class gives to every scheduler that it is built with, whatever its config says.
    Raises ``UnsupportedSchedulerError`` for a class that is not in ``SUPPORTED``, or a config that it does not take.
    """
    if name not in SUPPORTED:
        raise UnsupportedSchedulerError(f"solver: {name!r} is not supported; allowed: {', '.join(SUPPORTED)}")
    if is_flow(name, config):
        raise UnsupportedSchedulerError(
            f"solver: {name} with use_flow_sigmas=True is for flow-matching models, not for one that predicts noise or v"
        )
    return build_scheduler(name, config, forced or {})


def build_scheduler(name: str, config: Mapping[str, Any], forced: Mapping[str, Any]) -> "SchedulerMixin":
    """The diffusers class ``name`` on ``config`` with ``forced`` over it. Raises ``UnsupportedSchedulerError`` when it takes no such."""
    import diffusers

    try:
        return getattr(diffusers, name).from_config(dict(config), **forced)
    except (ValueError, NotImplementedError, ImportError, TypeError) as error:
        raise UnsupportedSchedulerError(
            f"solver: {name} does not take the model's scheduler config: {error}"
        ) from error


def solver_table(scheduler: "SchedulerMixin", steps: int, schedule: Mapping[str, Any] | None = None) -> SolverTable:
    """The table of ``scheduler`` for ``steps`` inference steps; the same one is read once a process.

    ``schedule``: what a flow model's pipeline further gives to ``set_timesteps``.

    Raises ``UnsupportedSchedulerError`` when it cannot be a table, see ``safesweep.models.probe.read_coefficients``.
    """
    config, further = scheduler.config, schedule or {}
    key = (type(scheduler).__name__, _words(config), steps, _words(further))
    if key not in _TABLES:
        _TABLES[key] = _read(type(scheduler), dict(config), steps, further)
    return _TABLES[key]


_TABLES: dict[tuple[str, str, int, str], SolverTable] = {}


def _words(options: Mapping[str, Any]) -> str:
    return repr(sorted(options.items(), key=lambda item: item[0]))


def _read(kind: "type[SchedulerMixin]", config: dict[str, Any], steps: int, schedule: Mapping[str, Any]) -> SolverTable:
    read = read_coefficients(kind, config, steps, schedule)
    both = (read.latents_SK.abs() + read.outputs_SK.abs()).amax(dim=0) > NEGLIGIBLE
    depth = int(both.nonzero().max()) + 1 if both.any() else 1
    per_output = torch.ones_like(read.signal_S)
    if is_flow(kind.__name__, config):  # x = (1 − σ)·x0 + σ·ε, v = ε − x0
        clean_latents, clean_output, per_output = torch.ones_like(read.signal_S), -read.noise_S, read.signal_S
    elif config.get("prediction_type", "epsilon") == "epsilon":
        clean_latents, clean_output = read.input_scale_S / read.signal_S, -read.noise_S / read.signal_S
    else:
        clean_latents, clean_output = read.input_scale_S * read.signal_S, -read.noise_S
    table = SolverTable(
        name=kind.__name__,
        timesteps_S=read.timesteps_S,
        input_scale_S=read.input_scale_S.float(),
        latents_SK=read.latents_SK[:, :depth].float(),
        outputs_SK=read.outputs_SK[:, :depth].float(),
        clean_latents_S=clean_latents.float(),
        clean_output_S=clean_output.float(),
        initial_scale=read.initial_scale,
        level_S=(read.noise_S / (read.signal_S + read.noise_S)).float(),
        noise_per_output_S=per_output.float(),
        signal_S=read.signal_S.float(),
        noise_S=read.noise_S.float(),
    )
    numbers = (table.latents_SK, table.outputs_SK, table.clean_latents_S, table.clean_output_S, table.input_scale_S)
    if not all(bool(torch.isfinite(part).all()) for part in numbers):
        raise UnsupportedSchedulerError(
            f"solver: {table.name} divides by zero with this scheduler config at {steps} steps; pictures would not be finite"
        )
    return table


def _reach(weights_K: torch.Tensor) -> int:
    """How many of a history have a weight, or stand before one that has."""
    weighed = weights_K.nonzero()
    return int(weighed.max()) + 1 if len(weighed) else 0


def stack_history(newest_first: Sequence[torch.Tensor], weights_K: torch.Tensor, depth: int, step: int) -> torch.Tensor:
    """Latents or outputs of the steps so far, newest first, as one tensor [``depth``, …]; zeros where ``step`` looks no further back.

    ``weights_K`` are the row of the table that ``step`` weighs them by. Raises ``ValueError`` when one that has a weight is missing.
    """
    return stack_histories([(newest_first, _reach(weights_K), step)], depth)[0]


def stack_histories(histories: Sequence[tuple[Sequence[torch.Tensor], int, int]], depth: int) -> torch.Tensor:
    """``stack_history`` of many at once, [B, ``depth``, …]: (newest first, how many of them the step needs, the step) each.

    Raises ``ValueError`` as it does.
    """
    flat: list[torch.Tensor] = []
    for newest_first, wanted, step in histories:
        kept = newest_first[:depth]
        if len(kept) < wanted:
            raise ValueError(f"step {step} needs a history of {wanted} steps, the solver has {len(kept)}")
        flat += kept
        if len(kept) < depth:
            flat += [torch.zeros_like(kept[0])] * (depth - len(kept))
    stacked = torch.stack(flat)
    return stacked.view(len(histories), depth, *stacked.shape[1:])


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
