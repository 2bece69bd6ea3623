"""A cell's checkpoint: what is put on the run's base model."""

from typing import Any

from pydantic import ConfigDict, Field, model_validator

from safesweep.models.variants.weights import Weights, WholeModel
from safesweep.settings import Section, is_none

NAME = r"^[A-Za-z0-9][A-Za-z0-9._-]*$"


class Lora(Section):
    """A LoRA, and how much of it counts."""

    path: Weights
    """A file, or a folder as diffusers or peft write it."""
    scale: float = Field(default=1.0, allow_inf_nan=False)
    """Its weight; at 0 the base is what it was."""


class Checkpoint(Section):
    """What stands in the place of the base's parts, or beside them. Two are equal when their content is, whatever they are called.

    A whole model comes first, the network and the text encoder are put on it, and LoRAs on these.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, use_attribute_docstrings=True, protected_namespaces=())

    name: str = Field(default="", pattern=NAME, exclude=True)
    """For people: in front of the method's name in every table. By default the names of its files."""
    model: WholeModel | None = Field(default=None, exclude_if=is_none)
    """A whole model in the base's place, of the same family: a folder or OWNER/NAME[@REVISION]."""
    network: Weights | None = Field(default=None, exclude_if=is_none)
    """The denoising network, all of it or some of its weights."""
    text_encoder: Weights | None = Field(default=None, exclude_if=is_none)
    """The first text encoder, likewise."""
    loras: tuple[Lora, ...] = Field(default=(), exclude_if=lambda loras: not loras)
    """LoRAs, added up."""

    @model_validator(mode="after")
    def _names_something(self) -> "Checkpoint":
        files = [weights for weights in (self.model, self.network, self.text_encoder) if weights is not None]
        files += [lora.path for lora in self.loras]
        if not files:
            raise ValueError("checkpoint: is empty; allowed: model, network, text_encoder, loras")
        if not self.name:
            # frozen for its users, not yet for itself
            object.__setattr__(self, "name", "-".join(weights.stem for weights in files))
        return self

    def label(self) -> str:
        """The scales of its LoRAs where they are not 1: "scale=0.5"."""
        scales = [lora.scale for lora in self.loras]
        return "" if all(scale == 1 for scale in scales) else f"scale={','.join(f'{scale:g}' for scale in scales)}"

    def _content(self) -> tuple[Any, ...]:
        return (self.model, self.network, self.text_encoder, self.loras)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Checkpoint) and self._content() == other._content()

    def __hash__(self) -> int:
        return hash(self._content())

    def described(self) -> str:
        """Its files with their digests, for the lake."""
        files = {"model": self.model, "network": self.network, "text_encoder": self.text_encoder}
        parts = [f"{part} {weights.written}@{weights.digest[:16]}" for part, weights in files.items() if weights]
        parts += [f"lora {lora.path.written}@{lora.path.digest[:16]} × {lora.scale:g}" for lora in self.loras]
        return ", ".join(parts)
