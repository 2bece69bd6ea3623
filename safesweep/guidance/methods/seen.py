"""What a method may see of the latents, beside the network's predictions: x_t, its noise level, and x̂0.

Shape suffixes: B trajectories, C H W latents.
"""

from dataclasses import dataclass
from functools import cached_property

import torch

from safesweep.models.solver import SolverTable


@dataclass(frozen=True, eq=False)
class Seen:
    """The latents of a batch of one size, each at its own step. What is not looked at is not computed.

    Everything is elementwise over the batch, so that nothing depends on neighbours.
    """

    held: tuple[torch.Tensor, ...]
    """As the solver holds them, each [C, H, W] float32 (Euler and LMS hold x/√ᾱ)."""
    at: tuple[tuple[SolverTable, int], ...]
    """The table and the step of each, from 0."""

    @cached_property
    def latents(self) -> torch.Tensor:
        """x_t [B, C, H, W] as the network takes it, whatever the solver: x_t = α·x0 + σ·ε."""
        return torch.stack(self.held) * self._read("input_scale_S")

    @cached_property
    def alpha(self) -> torch.Tensor:
        """α [B, 1, 1, 1], what is left of the picture: √ᾱ, 1 − σ of a flow."""
        return self._read("signal_S")

    @cached_property
    def sigma(self) -> torch.Tensor:
        """σ [B, 1, 1, 1], the noise: √(1 − ᾱ), or a flow's."""
        return self._read("noise_S")

    @cached_property
    def next_alpha(self) -> torch.Tensor:
        """α at the next evaluation of the network, 1 behind the last."""
        return self._read("signal_S", ahead=1.0)

    @cached_property
    def next_sigma(self) -> torch.Tensor:
        """σ at the next evaluation of the network, 0 behind the last."""
        return self._read("noise_S", ahead=0.0)

    @cached_property
    def noise_per_output(self) -> torch.Tensor:
        """A difference of predictions times this [B, 1, 1, 1] is one of noises, whatever the network predicts (``SolverTable``)."""
        return self._read("noise_per_output_S")

    @cached_property
    def timesteps(self) -> torch.Tensor:
        """What the network takes beside the latents, [B]."""
        return self._read("timesteps_S").flatten()

    def clean(self, prediction: torch.Tensor) -> torch.Tensor:
        """x̂0 [B, C, H, W] of a prediction [B, C, H, W]: the same bits as a preview's."""
        return self._clean_of_latents + prediction * self._clean_of_output

    def moved(self, prediction: torch.Tensor, clean_shift: torch.Tensor) -> torch.Tensor:
        """The prediction [B, C, H, W] whose x̂0 is that of ``prediction`` plus ``clean_shift`` [B, C, H, W]."""
        return prediction + clean_shift / self._clean_of_output

    @cached_property
    def _clean_of_latents(self) -> torch.Tensor:
        return torch.stack(self.held) * self._read("clean_latents_S")

    @cached_property
    def _clean_of_output(self) -> torch.Tensor:
        return self._read("clean_output_S")

    def _read(self, column: str, ahead: float | None = None) -> torch.Tensor:
        """A column of the tables at each step, or at the one behind it, [B, 1, 1, 1]; ``ahead`` is the number behind the last."""
        read = []
        for table, step in self.at:
            numbers: torch.Tensor = getattr(table, column)
            if ahead is None:
                read.append(numbers[step])
            else:
                read.append(numbers[step + 1] if step + 1 < table.steps else numbers.new_tensor(ahead))
        return torch.stack(read).to(self.held[0].device)[:, None, None, None]
