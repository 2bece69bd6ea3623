"""Concept removal guidance (Choi et al. 2026, arXiv 2606.29801): negate by as much as the predictions show of the concept."""

from typing import Literal

import torch
from pydantic import Field

from safesweep.guidance.methods.base import At, Method, StepPlan, Tensors, Track, acting_scale
from safesweep.guidance.methods.seen import Seen


class ConceptRemovalGuidance(Method):
    """ε_∅ + g(ε_c − ε_∅) − λ·ω·(ε_n − ε_∅), ω = (CP − τ) / (K·‖ε_n − ε_∅‖²) where CP > τ, else 0.

    CP is the concept's presence: K/2·b at this step and Σ κ·b over the earlier ones, with b = ‖ε_c − ε_∅‖² − ‖ε_c − ε_n‖², which is
    positive where the prompt's prediction is nearer the concept's than the empty one's. At g = 1 it is the published formula. The
    paper's own text was not at hand: docs/methods.md says what the formulas were taken from. A third row at every step.
    """

    method: Literal["crg"] = "crg"
    negative_scale: float = Field(ge=0, allow_inf_nan=False)
    """λ: the strength of the removal."""
    negative_prompt: str = Field(min_length=1)
    """The concept; a run fills in all terms of its harm vocabulary where a preset leaves it out."""
    threshold: float = Field(default=0.0, allow_inf_nan=False)
    """τ: the presence that is left alone; in squared noise, summed over the latents, so larger pictures want larger ones."""
    scale: float = Field(default=1.0, gt=0, allow_inf_nan=False)
    """K: the weight of what this step shows beside what the earlier ones did."""

    def label(self) -> str:
        return f"λ={self.negative_scale:g}"

    def track(self, at: At) -> Track:
        return Track((at.empty, at.prompt, self.negative_prompt), presence, (self.scale,), kept=3, owner=self)

    def plan(self, at: At) -> StepPlan:
        scales = (acting_scale(at.guidance_scale), self.negative_scale, self.threshold, self.scale)
        return StepPlan((at.empty, at.prompt, self.negative_prompt), subtract_present, scales, self.track(at))


def presence(eps: Tensors, scales: Tensors, kept: torch.Tensor, seen: Seen) -> torch.Tensor:
    """CP at this step, the sum over the steps up to it, and ‖ε_n − ε_∅‖², [B, 3, C, H, W]; one number fills a whole [C, H, W].

    κ = β / (2α(1 − ᾱ)) is a step's weight in the sum, with ᾱ = α_t² / (α_t² + σ_t²), α the ratio of a step's ᾱ to the next one's, and
    β = 1 − α: DDPM's numbers on a schedule of betas. Pure noise, where a flow begins, shows nothing. ``eps``: (ε_∅, ε_c, ε_n), brought
    to noises; ``scales``: (K,).
    """
    empty, prompt, concept = (one * seen.noise_per_output for one in eps)
    # b as a product: of the difference of two squares little is left where the concept hardly differs from nothing
    towards = (concept - empty) * ((prompt - empty) + (prompt - concept))
    nearer = towards.flatten(1).sum(dim=1)[:, None, None, None]
    signal = seen.alpha**2 / (seen.alpha**2 + seen.sigma**2)
    ratio = signal * (1 + (seen.next_sigma / seen.next_alpha) ** 2)
    weight = torch.where(ratio > 0, (1 - ratio) / (2 * ratio * (1 - signal)), torch.zeros_like(ratio))
    earlier = kept[:, 1]
    now = scales[0] / 2 * nearer + earlier
    square = ((concept - empty) ** 2).flatten(1).sum(dim=1)[:, None, None, None]
    return torch.stack([now, earlier + weight * nearer, square.expand_as(earlier)], dim=1)


def subtract_present(eps: Tensors, scales: Tensors) -> torch.Tensor:
    """ε_∅ + g(ε_c − ε_∅) − λ·ω·(ε_n − ε_∅); ``eps``: (ε_∅, ε_c, ε_n, what ``presence`` keeps), ``scales``: (g, λ, τ, K)."""
    empty, prompt, concept, kept = eps
    surplus, square = torch.clamp(kept[:, 0] - scales[2], min=0), scales[3] * kept[:, 2]
    omega = torch.where(square > 0, surplus / square, torch.zeros_like(surplus))
    return empty + scales[0] * (prompt - empty) - scales[1] * omega * (concept - empty)
