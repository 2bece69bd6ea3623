"""Safe region as published (Constraining text embeddings within safe regions, arXiv 2505.15427): one shift for every prompt."""

from typing import ClassVar, Literal

from pydantic import Field

from safesweep.guidance.edits.region import Region
from safesweep.guidance.recipe import Kind


class SafeRegion(Region):
    """E′ = E + β·b aᵀ in the place of the prompt's embedding, from the start step on; no other row is edited.

    The shift is the same for every prompt, harmless ones too: measure what it costs them.
    """

    name: ClassVar[str] = "safe_region"
    kind: ClassVar[Kind] = "shift"

    edit: Literal["safe_region"] = "safe_region"
    start_step: int = Field(default=14, ge=0)
    """First step, counted from 0, that the edited embedding acts in; the paper's 15th is 14 here."""
