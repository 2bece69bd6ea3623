"""A scheduler object and its table taken side by side through a whole run, on a stand-in for the network."""

from typing import Any

import torch

from safesweep.models.solver import SolverTable, solve, stack_history

MIX = torch.randn(4, 4, generator=torch.Generator().manual_seed(5)) * 0.3


def network(x: torch.Tensor, timestep: torch.Tensor) -> torch.Tensor:
    """A smooth nonlinear stand-in for the denoising network, different at every timestep."""
    return torch.tanh(torch.einsum("ij,bjhw->bihw", MIX, x)) + 0.1 * torch.sin(timestep.float() / 100)


def assert_takes_the_steps_of(table: SolverTable, scheduler: Any) -> None:
    """``scheduler`` has its timesteps set."""
    noise = torch.randn(2, 4, 8, 8, generator=torch.Generator().manual_seed(0))
    x, y = noise * getattr(scheduler, "init_noise_sigma", 1.0), noise * table.initial_scale
    latents: list[torch.Tensor] = []
    outputs: list[torch.Tensor] = []
    assert table.steps == len(scheduler.timesteps)
    for index, timestep in enumerate(scheduler.timesteps):
        x = scheduler.step(
            network(
                (scheduler.scale_model_input(x, timestep) if hasattr(scheduler, "scale_model_input") else x), timestep
            ),
            timestep,
            x,
        ).prev_sample
        latents.insert(0, y)
        outputs.insert(0, network(y * table.input_scale_S[index], table.timesteps_S[index]))
        rows = [weights_SK[index] for weights_SK in (table.latents_SK, table.outputs_SK)]
        stacked = [
            stack_history(history, row, table.history, index).transpose(0, 1)
            for history, row in zip((latents, outputs), rows, strict=True)
        ]
        y = solve(*stacked, *(row.expand(2, -1) for row in rows))
    assert (x - y).abs().max() <= 1e-4 * max(1.0, float(x.abs().max()))
