"""The safe denoiser (Kim et al. 2025, arXiv 2502.08011): x̂0 is pushed away from a set of unsafe pictures, where it is near them."""

from dataclasses import dataclass
from typing import Literal

import torch
from pydantic import Field

from safesweep.guidance.methods.base import (
    At,
    Method,
    StepPlan,
    Tensors,
    acting_scale,
    classifier_free,
    positive_plan,
)
from safesweep.guidance.methods.seen import Seen
from safesweep.guidance.references import NamedReferences, References


class SafeDenoiser(Method):
    """x̂0 = E[x0|x_t] + η·β(x_t)·(E[x0|x_t] − E_unsafe[x0|x_t]) + g(E[x0|x_t, c] − E[x0|x_t]) (formulas 4 to 8).

    E_unsafe is the mean of the reference latents under the kernel q(x_t | x_n) ∝ exp(−‖x_t − α·x_n‖² / (2σ²T)), and β the kernel's mean;
    no push where β is below the threshold, nor below the noise level ``last_level``. Two rows at every step, also at g ≤ 1 while it
    acts. Written for x̂0, so the same for networks that predict noise, v or a flow.
    """

    method: Literal["safe_denoiser"] = "safe_denoiser"
    negative_scale: float = Field(ge=0, allow_inf_nan=False)
    """η."""
    references: NamedReferences
    """The file of latents to keep away from; ``safesweep references`` makes one of a run's unsafe pictures."""
    threshold: float = Field(default=0.0, ge=0, le=1)
    """β_t: below it the latents are far from all references, and nothing is changed."""
    temperature: float | None = Field(default=None, gt=0, allow_inf_nan=False)
    """T; by default the number of values of the latents, so that the exponent is a mean over them. 1 is the paper's own density,
    whose β is a number below e^−500 for latents of a thousand values."""
    last_level: float = Field(default=0.8, ge=0, le=1)
    """Noise level, from 1 (noise) to 0 (picture), of the last steps that are changed: the paper's critical steps are the early ones."""

    def label(self) -> str:
        return f"η={self.negative_scale:g}"

    def check_sizes(self, sizes: frozenset[tuple[int, int]]) -> None:
        made_for = self.references.size
        others = sorted(sizes - {made_for}) if made_for else []
        if made_for and others:
            raise ValueError(
                f"references: {self.references.path} is of pictures of {made_for[0]} × {made_for[1]} pixels, "
                f"the run's are {others[0][0]} × {others[0][1]}"
            )

    def plan(self, at: At) -> StepPlan:
        if at.levels[at.step] < self.last_level:
            return positive_plan(at)
        scales = (acting_scale(at.guidance_scale), self.negative_scale, self.threshold)
        return StepPlan(
            (at.empty, at.prompt), classifier_free, scales, correct=PushAway(self.references, self.temperature)
        )


@dataclass(frozen=True)
class PushAway:
    """The correction of a guided prediction; equal where the references' numbers and T are."""

    references: References
    temperature: float | None

    def __call__(self, guided: torch.Tensor, eps: Tensors, scales: Tensors, seen: Seen) -> torch.Tensor:
        """``eps``: (ε_∅, ε_c); ``scales``: (g, η, β_t). Raises ``ValueError`` for references of another shape than the latents."""
        references = self.references.latents(guided.device)
        if references.shape[1:] != guided.shape[1:]:
            raise ValueError(
                f"{self.references.path}: its latents are {list(references.shape[1:])}, this picture's {list(guided.shape[1:])}"
            )
        temperature = self.temperature or references[0].numel()
        rows = [
            _kernel(x, references, alpha, 2 * sigma**2 * temperature)
            for x, alpha, sigma in zip(seen.latents, seen.alpha, seen.sigma, strict=True)
        ]
        unsafe, near = (torch.stack(part) for part in zip(*rows, strict=True))
        near = torch.where(near >= scales[2], near, torch.zeros_like(near))
        return seen.moved(guided, scales[1] * near * (seen.clean(eps[0]) - unsafe))


def _kernel(
    x_CHW: torch.Tensor, references_NCHW: torch.Tensor, alpha_111: torch.Tensor, width_111: torch.Tensor
) -> tuple[torch.Tensor, torch.Tensor]:
    """E_unsafe [C, H, W] and β [1, 1, 1] of one sample; each for itself, so that no result depends on neighbours."""
    squares_N = ((x_CHW - alpha_111 * references_NCHW) ** 2).flatten(1).sum(dim=1)
    log_N = -squares_N / width_111.flatten()
    weights_N = torch.softmax(log_N, dim=0)
    return (weights_N[:, None, None, None] * references_NCHW).sum(dim=0), torch.exp(log_N).mean()[None, None, None]
