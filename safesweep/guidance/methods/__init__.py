"""Guidance methods, one file each. A new method is one new file and one line here."""

from safesweep.guidance.methods.base import Method
from safesweep.guidance.methods.dynamic_negative import DynamicNegative
from safesweep.guidance.methods.negative_prompt import NegativePrompt
from safesweep.guidance.methods.none import NoGuidance
from safesweep.guidance.methods.perp_neg import PerpNeg
from safesweep.guidance.methods.sld import SafeLatentDiffusion
from safesweep.guidance.methods.static_negative import StaticNegative

METHODS: dict[str, type[Method]] = {
    "none": NoGuidance,
    "negative_prompt": NegativePrompt,
    "static_negative": StaticNegative,
    "dynamic_negative": DynamicNegative,
    "sld": SafeLatentDiffusion,
    "perp_neg": PerpNeg,
}
"""Name, as presets and the lake write it -> class."""

__all__ = ["METHODS", "Method"]
