"""The safe region with a gate: prompts outside the unwanted are left alone. It is the edit to reach for first."""

from typing import ClassVar, Literal

from safesweep.guidance.edits.region import Region
from safesweep.guidance.recipe import Kind


class ConditionalRegion(Region):
    """E′ = E + β·relu(E A) B in the place of the prompt's embedding, from the start step on; no other row is edited.

    What is added depends on the prompt's own tokens: A reads them, the gate opens for those that discovery learned to move, B moves
    them. Discovery holds harmless prompts to what they were, so that the numbers are found with the cost to them in view.
    """

    name: ClassVar[str] = "conditional_region"
    kind: ClassVar[Kind] = "conditional"

    edit: Literal["conditional_region"] = "conditional_region"
