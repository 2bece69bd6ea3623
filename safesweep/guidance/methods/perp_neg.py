"""Perp-Neg (Armandpour et al. 2023, arXiv 2304.04968): only what the negative does not share with the prompt is negated."""

from typing import Literal

import torch
from pydantic import Field

from safesweep.guidance.methods.base import At, Method, StepPlan, Tensors, acting_scale


class PerpNeg(Method):
    """ε_∅ + g(ε_c − ε_∅) − γ·perp, perp = the part of ε_n − ε_∅ perpendicular to ε_c − ε_∅."""

    method: Literal["perp_neg"] = "perp_neg"
    negative_scale: float = Field(allow_inf_nan=False)
    """γ, the strength of the negative term; to compare with the paper's weights inside the guidance, multiply those by g."""
    negative_prompt: str = Field(min_length=1)
    """What is steered away from; a run fills in all terms of its harm vocabulary where a preset leaves it out."""

    def label(self) -> str:
        return f"γ={self.negative_scale:g}"

    def plan(self, at: At) -> StepPlan:
        return StepPlan(
            (at.empty, at.prompt, self.negative_prompt),
            subtract_perpendicular,
            (acting_scale(at.guidance_scale), self.negative_scale),
        )


def subtract_perpendicular(eps: Tensors, scales: Tensors) -> torch.Tensor:
    """ε_∅ + g·p − γ(n − (⟨n, p⟩ / ⟨p, p⟩) p), with p = ε_c − ε_∅ and n = ε_n − ε_∅ (Perp-Neg, section 4).

    ``eps``: (ε_∅, ε_c, ε_n), each [B, C, H, W]; ``scales``: (g, γ), each [B, 1, 1, 1]. Where p is zero nothing is taken out of n.
    """
    empty, prompt, negative = eps
    positive, unwanted = prompt - empty, negative - empty
    along = (unwanted * positive).flatten(1).sum(dim=1)
    square = (positive * positive).flatten(1).sum(dim=1)
    share = torch.where(square > 0, along / square, torch.zeros_like(square))[:, None, None, None]
    return empty + scales[0] * positive - scales[1] * (unwanted - share * positive)
