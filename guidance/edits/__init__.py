"""Text edits, one file each. A new edit is one new file and one line here."""

from guidance.edits.base import Edit, EditedPrompt, unedited

EDITS: dict[str, type[Edit]] = {}
"""Name, as presets and the lake write it -> class."""

__all__ = ["EDITS", "Edit", "EditedPrompt", "unedited"]
