"""Guidance methods, one file each. A new method is one new file and one line here."""

from typing import TYPE_CHECKING

from safesweep.registry import Registry

if TYPE_CHECKING:
    from safesweep.guidance.methods.base import Method

METHODS: "Registry[type[Method]]" = Registry(
    "method",
    {
        "none": "safesweep.guidance.methods.none:NoGuidance",
        "negative_prompt": "safesweep.guidance.methods.negative_prompt:NegativePrompt",
        "static_negative": "safesweep.guidance.methods.static_negative:StaticNegative",
        "dynamic_negative": "safesweep.guidance.methods.dynamic_negative:DynamicNegative",
        "sld": "safesweep.guidance.methods.sld:SafeLatentDiffusion",
        "perp_neg": "safesweep.guidance.methods.perp_neg:PerpNeg",
        "dng": "safesweep.guidance.methods.dng:DynamicNegativeGuidance",
        "crg": "safesweep.guidance.methods.crg:ConceptRemovalGuidance",
        "safe_denoiser": "safesweep.guidance.methods.safe_denoiser:SafeDenoiser",
        "stg": "safesweep.guidance.methods.stg:SafeTextGuidance",
    },
)
"""Name, as presets and the lake write it -> class."""
