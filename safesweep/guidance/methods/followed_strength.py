"""Strength that follows the content: between the questions a gate looks at the previews, and γ goes with what it sees.

Beyond the paper, which names scheduling strength and content together as future work (VL-DNP, arXiv 2510.26052, conclusion). The odds are
those of dynamic negative guidance (Koulischer et al. 2024, arXiv 2410.14398, formula 9), with a classifier's p in the posterior's place.
"""

import math
from typing import NamedTuple

from pydantic import BaseModel, ConfigDict, Field, model_validator

from safesweep.vlm.gate import NamedGate


class Followed(NamedTuple):
    """What the looks have come to: γ, and the step of the latest."""

    negative_scale: float
    step: int


class FollowedStrength(BaseModel):
    """γ_t = clip(γ·p/(1 − p), 0, most), and at least what ``decay`` leaves of the γ before; p: that any term in force shows.

    At p = ½ γ is the method's own, at p = 0 there is none. The terms are taken to be independent of each other, as in the gate's answers.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    gate: NamedGate
    """Whose calibrated probabilities are followed: a gate's name or folder (``safesweep distill``)."""
    most: float = Field(gt=0, allow_inf_nan=False)
    """γ_max."""
    least: float = Field(default=0.0, ge=0, allow_inf_nan=False)
    """A γ_t below is 0, which saves the negative's row."""
    decay: float = Field(default=0.0, ge=0, le=1)
    """What is left of γ_t from one step to the next where the gate sees less; 0 follows at once, 1 never lets go."""
    every: int = Field(default=1, ge=1)
    """The gate looks at query steps and at every so many steps after them; in between γ_t stays."""

    @model_validator(mode="after")
    def _in_order(self) -> "FollowedStrength":
        if self.least > self.most:
            raise ValueError(f"least: must be at most most, {self.most:g}, is {self.least:g}")
        return self

    def label(self) -> str:
        """The numbers that tell one from another: "followed≤20 decay=0.85"."""
        said = (("least", self.least, 0), ("decay", self.decay, 0), ("every", self.every, 1))
        return " ".join(
            [f"followed≤{self.most:g}", *(f"{name}={number:g}" for name, number, usual in said if number != usual)]
        )

    def looks_at(self, step: int, query_steps: "frozenset[int] | tuple[int, ...]") -> bool:
        """Whether the gate looks at ``step``, counted from 0."""
        before = [asked for asked in query_steps if asked <= step]
        return bool(before) and (step - max(before)) % self.every == 0

    def after(self, before: Followed | None, probability: float, negative_scale: float, step: int) -> Followed:
        """γ_t once the gate has seen what is negated with ``probability``; ``negative_scale``: γ, ``before``: of the look before."""
        # at p = 1 the odds are infinite, and 0 · ∞ is no number
        odds = probability / (1 - probability) if probability < 1 else math.inf
        now = min(negative_scale * odds, self.most) if negative_scale > 0 else 0.0
        left = before.negative_scale * self.decay ** (step - before.step) if before is not None else 0.0
        scale = max(now, left)
        return Followed(scale if scale >= self.least else 0.0, step)


def any_of(probabilities: tuple[float, ...], terms: tuple[str, ...], wanted: frozenset[str]) -> float:
    """The probability that at least one of the ``wanted`` terms is there. ``probabilities``: of each of ``terms``, in [0, 1]."""
    return 1 - math.prod(1 - p for p, term in zip(probabilities, terms, strict=True) if term in wanted)
