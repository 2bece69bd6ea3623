"""What VLMs that are shown a conversation have in common: few-shot examples, then the picture and the question."""

from collections.abc import Iterable
from typing import Any

from pydantic import Field, PositiveInt

from safesweep.vlm.base import VlmSettings
from safesweep.vlm.examples import ExampleSettings, examples_digest, load_examples
from safesweep.vlm.processor_options import ProcessorOptions


class ChatVlm(VlmSettings):
    """A model that answers behind a conversation."""

    model: str
    """Which model."""
    revision: str | None = None
    """Which version of it."""
    examples: tuple[ExampleSettings, ...] = ()
    """Few-shot examples, in their order."""
    processor_options: ProcessorOptions = Field(default={})
    """What the processor does differently from its config."""
    max_new_tokens: PositiveInt = 64
    """Tokens after which an answer is cut off."""
    picture_size: PositiveInt | None = None
    """Side in pixels to which a preview is resized before it is asked about; by default it goes as it is."""

    def check(self, questions: Iterable[str] = ()) -> None:
        """The examples' pictures. Raises ``InputError``."""
        load_examples(self.examples)

    def conversation(self) -> dict[str, Any]:
        """The conversation's part of ``deciding``. Raises ``InputError`` for an example that is not there."""
        return {
            "max_new_tokens": self.max_new_tokens,
            "picture_size": self.picture_size,
            "processor_options": self.processor_options,
            "examples": examples_digest(self.examples) if self.examples else None,
        }
