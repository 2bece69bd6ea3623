"""Text edits, one file each. A new edit is one new file and one line here."""

from guidance.edits.base import Edit, EditedPrompt, unedited
from guidance.edits.safree import Safree

EDITS: dict[str, type[Edit]] = {
    "safree": Safree,
}
"""Name, as presets and the lake write it -> class."""

__all__ = ["EDITS", "Edit", "EditedPrompt", "unedited"]
