"""Text edits, one file each. A new edit is one new file and one line here."""

from typing import TYPE_CHECKING

from safesweep.registry import Registry

if TYPE_CHECKING:
    from safesweep.guidance.edits.base import Edit

EDITS: "Registry[type[Edit]]" = Registry(
    "edit",
    {
        "safe_region": "safesweep.guidance.edits.safe_region:SafeRegion",
        "conditional_region": "safesweep.guidance.edits.conditional_region:ConditionalRegion",
        "attribute_directions": "safesweep.guidance.edits.attribute_directions:AttributeDirections",
        "safree": "safesweep.guidance.edits.safree:Safree",
        "rewrite": "safesweep.guidance.edits.rewrite:Rewrite",
    },
)
"""Name, as presets and the lake write it -> class."""
