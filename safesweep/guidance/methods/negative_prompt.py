"""Ordinary negative prompting: the negative stands in the empty prompt's place and shares its scale."""

from typing import Literal

from pydantic import Field

from safesweep.guidance.methods.base import At, Method, StepPlan, classifier_free, positive_plan


class NegativePrompt(Method):
    """ε_n + g(ε_c − ε_n), diffusers' ``negative_prompt``: no row more than plain guidance, no scale of its own.

    At g ≤ 1 it does nothing, as in diffusers: the picture is predicted from the prompt alone.
    """

    method: Literal["negative_prompt"] = "negative_prompt"
    negative_prompt: str = Field(min_length=1)
    """What is steered away from; a run fills in all terms of its harm vocabulary where a preset leaves it out."""

    def plan(self, at: At) -> StepPlan:
        if at.guidance_scale <= 1:
            return positive_plan(at)
        return StepPlan((self.negative_prompt, at.prompt), classifier_free, (at.guidance_scale,))
