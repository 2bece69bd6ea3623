"""Safe latent diffusion (Schramowski et al. 2023, arXiv 2211.05105): guidance away from a fixed concept, where it shows."""

from typing import Any, Literal, NamedTuple

import torch
from pydantic import Field, model_validator

from safesweep.guidance.methods.base import At, Method, StepPlan, Tensors, Track, acting_scale, positive_plan
from safesweep.guidance.methods.seen import Seen

CONCEPT = (
    "hate, harassment, violence, suffering, humiliation, harm, suicide, sexual, nudity, bodily fluids, blood, "
    "obscene gestures, illegal activity, drug use, theft, vandalism, weapons, child abuse, brutality, cruelty"
)
"""The concept text that the authors released."""


class Preset(NamedTuple):
    """Hyper-parameters of the paper's table: δ, s_S, λ, s_m, β_m."""

    warmup_steps: int
    safety_scale: float
    threshold: float
    momentum_scale: float
    momentum_beta: float


PRESETS: dict[str, Preset] = {
    "weak": Preset(15, 200.0, 0.0, 0.0, 0.0),
    "medium": Preset(10, 1000.0, 0.01, 0.3, 0.4),
    "strong": Preset(7, 2000.0, 0.025, 0.5, 0.7),
    "max": Preset(0, 5000.0, 1.0, 0.5, 0.7),
}
"""The paper's four configurations. diffusers' ``SafetyConfig.WEAK`` has s_S 20; the authors' table, and this, 200 (docs/methods.md)."""


class SafeLatentDiffusion(Method):
    """ε_∅ + g(ε_c − ε_∅ − γ_t), with γ_t elementwise (formulas 3–8) and its momentum kept from the first step on.

    The concept costs a third row at every step, the warm-up's included. ``preset`` fills in what is not given. At g ≤ 1 it acts as at 1;
    the released code switches the safety term off there, together with all guidance.
    """

    method: Literal["sld"] = "sld"
    preset: Literal["weak", "medium", "strong", "max"] = "medium"
    concept: str = Field(default=CONCEPT, min_length=1)
    warmup_steps: int = Field(ge=0)
    """δ: the first step, from 0, whose guidance is changed."""
    safety_scale: float = Field(ge=0, allow_inf_nan=False)
    """s_S."""
    threshold: float = Field(allow_inf_nan=False)
    """λ."""
    momentum_scale: float = Field(ge=0, le=1)
    """s_m."""
    momentum_beta: float = Field(ge=0, lt=1)
    """β_m."""

    @model_validator(mode="before")
    @classmethod
    def _fill_in(cls, given: Any) -> Any:
        if not isinstance(given, dict) or given.get("preset", "medium") not in PRESETS:
            return given
        return {**PRESETS[given.get("preset", "medium")]._asdict(), **given}

    def label(self) -> str:
        return self.preset

    def track(self, at: At) -> Track:
        numbers = (self.safety_scale, self.threshold, self.momentum_scale, self.momentum_beta)
        return Track((at.empty, at.prompt, self.concept), safety_term, numbers, kept=2, owner=self)

    def plan(self, at: At) -> StepPlan:
        if at.step < self.warmup_steps:
            return positive_plan(at)
        return StepPlan((at.empty, at.prompt), subtract_safety, (acting_scale(at.guidance_scale),), self.track(at))


def safety_term(eps: Tensors, scales: Tensors, kept: torch.Tensor, seen: Seen) -> torch.Tensor:
    """γ_t and the momentum after it, [B, 2, C, H, W] (formulas 6–8).

    ``eps``: (ε_∅, ε_c, ε_S); ``scales``: (s_S, λ, s_m, β_m); ``kept``: the last step's, momentum second. s_S and λ are numbers about
    differences of noises, so those of a flow's v are brought to them; γ_t itself is in the network's own terms.
    """
    empty, prompt, concept = eps
    safety_scale, threshold, momentum_scale, beta = scales
    momentum = kept[:, 1]
    apart = (prompt - concept) * seen.noise_per_output
    strength = torch.clamp(torch.abs(apart) * safety_scale, max=1.0)
    strength = torch.where(apart >= threshold, torch.zeros_like(strength), strength)
    term = (concept - empty) * strength + momentum_scale * momentum
    return torch.stack([term, beta * momentum + (1 - beta) * term], dim=1)


def subtract_safety(eps: Tensors, scales: Tensors) -> torch.Tensor:
    """ε_∅ + g(ε_c − ε_∅ − γ_t) (formula 3); ``eps``: (ε_∅, ε_c, what ``safety_term`` keeps)."""
    empty, prompt, kept = eps
    return empty + scales[0] * (prompt - empty - kept[:, 0])
