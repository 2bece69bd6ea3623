"""A strength that follows a gate, as docs/gate.md writes it: the slow truth beside ``reference.py``."""

from safesweep.guidance.methods.dynamic_negative import DynamicNegative
from safesweep.types import Picture


class Following:
    """γ of one trial."""

    def __init__(self, method: DynamicNegative, looked: list[tuple[int, float, float]]) -> None:
        """``looked``: is told step, p and γ of every look."""
        self._method, self._looked = method, looked
        self._scale, self._since = 0.0, 0

    def forget(self) -> None:
        """Nothing is negated any more."""
        self._scale = 0.0

    def scale(self, index: int, asked: list[int] | tuple[int, ...], negative: str, preview: Picture) -> float:
        """At step ``index``: γ_t = max(clip(γ·p/(1 − p), 0, most), decay·γ_t−1); p that any of the ``negative``'s terms shows."""
        strength = self._method.strength
        if (index - max(step for step in asked if step <= index)) % strength.every:
            return self._scale
        absent = 1.0
        for term, chance in zip(self._method.vocabulary.all_terms(), strength.gate.seen(preview), strict=True):
            if term in negative.split(", "):
                absent *= 1 - chance
        p = 1 - absent
        now = strength.most if p == 1 else min(self._method.negative_scale * (p / (1 - p)), strength.most)
        kept = max(now, self._scale * strength.decay ** (index - self._since))
        self._scale, self._since = kept if kept >= strength.least else 0.0, index
        self._looked.append((index, p, self._scale))
        return self._scale
