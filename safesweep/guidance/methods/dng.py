"""Dynamic negative guidance (Koulischer et al. 2024, arXiv 2410.14398): the negative's strength follows its posterior."""

import math
from typing import Literal

import torch
from pydantic import Field, model_validator

from safesweep.guidance.methods.base import At, Method, StepPlan, Tensors, Track, acting_scale
from safesweep.guidance.methods.seen import Seen


class DynamicNegativeGuidance(Method):
    """ε_∅ + g(ε_c − ε_∅) − λ·p/(1 − p)·(ε_n − ε_b), p the running posterior of the negative (formula 9, algorithm 1).

    At g = 1 and b the prompt it is the paper's formula. p begins at the prior; after every step it is told how much better the latents
    are explained by the negative's reverse transition than by b's. No question is asked, and a third row is computed at every step.
    The paper's chain draws noise in every step; here it is the solver's own, which draws none (docs/methods.md).
    """

    method: Literal["dng"] = "dng"
    negative_scale: float = Field(ge=0, allow_inf_nan=False)
    """λ: the strength at p = ½."""
    negative_prompt: str = Field(min_length=1)
    """What is steered away from; a run fills in all terms of its harm vocabulary where a preset leaves it out."""
    against: Literal["prompt", "empty"] = "prompt"
    """b: what the negative is measured from and its transition compared with; "empty" is the released code's, which has no prompt."""
    prior: float = Field(default=0.01, gt=0, lt=1)
    temperature: float = Field(default=0.2, ge=0, allow_inf_nan=False)
    """τ: the weight of what a step tells; the paper has 0.2 and 0.3 on Stable Diffusion."""
    offset: float = Field(default=0.004, allow_inf_nan=False)
    """δ, added to the difference of the squared distances; the paper has 0.002 to 0.004 on Stable Diffusion."""
    p_min: float = Field(default=1e-6, gt=0, lt=1)
    p_max: float = Field(default=0.8, gt=0, lt=1)
    """Bounds of p, as released."""

    @model_validator(mode="after")
    def _bounds_in_order(self) -> "DynamicNegativeGuidance":
        if not self.p_min <= self.prior <= self.p_max:
            raise ValueError(f"prior: must lie within p_min {self.p_min:g} and p_max {self.p_max:g}, is {self.prior:g}")
        return self

    def label(self) -> str:
        return f"λ={self.negative_scale:g}"

    def track(self, at: At) -> Track:
        base = at.prompt if self.against == "prompt" else at.empty
        bounds = (math.log(self.prior), math.log(self.p_min), math.log(self.p_max))
        numbers = (self.temperature, self.offset, *bounds)
        return Track((base, self.negative_prompt), posterior, numbers, kept=4, owner=self)

    def plan(self, at: At) -> StepPlan:
        texts = (at.empty, at.prompt, self.negative_prompt)
        combine = subtract_from_prompt if self.against == "prompt" else subtract_from_empty
        scales = (acting_scale(at.guidance_scale), self.negative_scale, math.log(self.prior))
        return StepPlan(texts, combine, scales, self.track(at))


def posterior(eps: Tensors, scales: Tensors, kept: torch.Tensor, seen: Seen) -> torch.Tensor:
    """What is known of p, [B, 4, C, H, W], when a step's latents have been seen.

    log p ← log p − τ/(2v)·(‖x′ − μ_n‖² − ‖x′ − μ_b‖²) + δ/(2v), clamped, where μ and v are mean and variance of the reverse transition
    q(x′ | x, x̂0). The difference of the squares is −2⟨x′ − (μ_n + μ_b)/2, μ_n − μ_b⟩, which loses no digits.

    ``eps``: (ε_b, ε_n); ``scales``: (τ, δ, log prior, log p_min, log p_max). Kept are log p − log prior, (μ_n + μ_b)/2, (μ_n − μ_b)/v
    and δ/(2v), the last three of the step that leads to the next latents; one number fills a whole [C, H, W]. A step between equal
    noise levels (PNDM and Heun have such) tells nothing.
    """
    temperature, offset, prior, lowest, highest = scales
    log_p, middle, apart, gain = kept.unbind(1)
    told = ((seen.latents - middle) * apart).flatten(1).sum(dim=1)[:, None, None, None]
    log_p = torch.clamp(prior + log_p + (temperature * told + gain), lowest, highest) - prior
    base, negative = (seen.clean(one) for one in eps)
    shrunk = seen.alpha / seen.next_alpha
    added = seen.sigma**2 - (shrunk * seen.next_sigma) ** 2
    variance = added * seen.next_sigma**2 / seen.sigma**2
    of_clean, of_latents = seen.next_alpha * added / seen.sigma**2, shrunk * seen.next_sigma**2 / seen.sigma**2
    middle = of_latents * seen.latents + of_clean * (negative + base) / 2
    apart = torch.where(variance > 0, of_clean * (negative - base) / variance, torch.zeros_like(base))
    gain = torch.where(variance > 0, offset / (2 * variance), torch.zeros_like(variance))
    return torch.stack([log_p, middle, apart, gain.expand_as(log_p)], dim=1)


def subtract_from_prompt(eps: Tensors, scales: Tensors) -> torch.Tensor:
    """ε_∅ + g(ε_c − ε_∅) − λ·p/(1 − p)·(ε_n − ε_c); ``eps``: (ε_∅, ε_c, ε_n, what ``posterior`` keeps), ``scales``: (g, λ, log prior)."""
    empty, prompt, negative, kept = eps
    return empty + scales[0] * (prompt - empty) - _strength(kept, scales) * (negative - prompt)


def subtract_from_empty(eps: Tensors, scales: Tensors) -> torch.Tensor:
    """ε_∅ + g(ε_c − ε_∅) − λ·p/(1 − p)·(ε_n − ε_∅); the arguments are those of ``subtract_from_prompt``."""
    empty, prompt, negative, kept = eps
    return empty + scales[0] * (prompt - empty) - _strength(kept, scales) * (negative - empty)


def _strength(kept: torch.Tensor, scales: Tensors) -> torch.Tensor:
    p = torch.exp(scales[2] + kept[:, 0])
    return scales[1] * p / (1 - p)
