"""Rewriting in words: what a product does to prompts before they reach its model, and the one edit that an API can be tried with."""

import re
from typing import ClassVar, Literal, Self

from pydantic import Field, model_validator

from safesweep.guidance.edits.base import Edit, EditedPrompt, unedited
from safesweep.models.text import Encodes


class Rewrite(Edit):
    """Replaces words, then puts text before and behind; the model sees the new prompt alone, at every step."""

    name: ClassVar[str] = "rewrite"
    rewrites: ClassVar[bool] = True

    edit: Literal["rewrite"] = "rewrite"
    replace: tuple[tuple[str, str], ...] = ()
    """Pairs of a word or phrase and what stands in its place; whole words, whatever their case, longest first, each place once."""
    before: str = ""
    """Put before the prompt as it is, blanks included; likewise ``after``."""
    after: str = Field(default="", examples=[", everyone fully clothed"])
    """Put behind the prompt."""

    @model_validator(mode="after")
    def _changes_something(self) -> Self:
        if not (self.replace or self.before or self.after):
            raise ValueError("edit: rewrite changes nothing; allowed: replace, before or after")
        for found, _ in self.replace:
            if not found.strip():
                raise ValueError("edit: rewrite replaces an empty word; allowed: a word or phrase")
        return self

    def rewritten(self, prompt: str, seed: int) -> str:
        """The prompt's words after the edit, the same for every seed."""
        longest_first = sorted(self.replace, key=lambda pair: len(pair[0]), reverse=True)
        if longest_first:
            words = "|".join(f"({re.escape(found)})" for found, _ in longest_first)
            prompt = re.sub(
                rf"(?<!\w)(?:{words})(?!\w)",
                lambda found: longest_first[(found.lastindex or 1) - 1][1],
                prompt,
                flags=re.IGNORECASE,
            )
        return f"{self.before}{prompt}{self.after}"

    def apply(self, encodes: Encodes, prompt: str, seed: int) -> EditedPrompt:
        return unedited(self.rewritten(prompt, seed))
