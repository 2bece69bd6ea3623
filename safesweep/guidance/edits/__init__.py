"""Text edits, one file each. A new edit is one new file and one line here."""

from safesweep.guidance.edits.attribute_directions import AttributeDirections
from safesweep.guidance.edits.base import Edit, EditedPrompt, unedited
from safesweep.guidance.edits.conditional_region import ConditionalRegion
from safesweep.guidance.edits.safe_region import SafeRegion
from safesweep.guidance.edits.safree import Safree

EDITS: dict[str, type[Edit]] = {
    "safe_region": SafeRegion,
    "conditional_region": ConditionalRegion,
    "attribute_directions": AttributeDirections,
    "safree": Safree,
}
"""Name, as presets and the lake write it -> class."""

__all__ = ["EDITS", "Edit", "EditedPrompt", "unedited"]
