"""One fixed negative prompt on every step: the paper's static baseline."""

from typing import Literal

from pydantic import Field

from safesweep.guidance.methods.base import At, Method, StepPlan, negative_plan, positive_plan


class StaticNegative(Method):
    """ε_∅ + g(ε_c − ε_∅) − γ(ε_n − ε_∅) with the same n throughout: VL-DNP's baseline, whose n are SAFREE's 17 terms.

    Not diffusers' ``negative_prompt``, which stands in the empty prompt's place and shares its scale.
    """

    method: Literal["static_negative"] = "static_negative"
    negative_scale: float = Field(allow_inf_nan=False)
    """γ, the strength of the negative term; 0 turns it off."""
    negative_prompt: str = Field(min_length=1)
    """What is steered away from; a run fills in all terms of its harm vocabulary where a preset leaves it out."""

    def label(self) -> str:
        return f"γ={self.negative_scale:g}"

    def plan(self, at: At) -> StepPlan:
        if self.negative_scale == 0:
            return positive_plan(at)
        return negative_plan(at, self.negative_prompt, self.negative_scale)
