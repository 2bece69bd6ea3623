"""Guidance methods, one file each. A new method is one new file and one line here."""

from guidance.methods.base import Method
from guidance.methods.dynamic_negative import DynamicNegative
from guidance.methods.negative_prompt import NegativePrompt
from guidance.methods.none import NoGuidance
from guidance.methods.perp_neg import PerpNeg
from guidance.methods.sld import SafeLatentDiffusion
from guidance.methods.static_negative import StaticNegative

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
