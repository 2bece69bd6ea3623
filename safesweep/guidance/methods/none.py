"""No safety guidance: what the diffusion model does by itself."""

from typing import Literal

from safesweep.guidance.methods.base import At, Method, StepPlan, positive_plan


class NoGuidance(Method):
    """Plain classifier-free guidance, the baseline of every comparison."""

    method: Literal["none"] = "none"

    def plan(self, at: At) -> StepPlan:
        return positive_plan(at)
