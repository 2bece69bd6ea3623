"""What a service of which only the API is seen can be asked for: prompts as they are, or rewritten in words."""

from collections.abc import Iterable

from safesweep.errors import InputError
from safesweep.guidance.cell import Cell


def check_cells(cells: Iterable[Cell]) -> None:
    """Raises ``InputError`` naming the cell and why it cannot be tried on such a service."""
    for cell in cells:
        if cell.guidance.method != "none":  # type: ignore[attr-defined]  (declared by each subclass)
            reason = f"method {cell.guidance.method!r} guides the network's steps, which an API does not show"  # type: ignore[attr-defined]
        elif cell.checkpoint is not None:
            reason = "a checkpoint is put on a model of one's own"
        elif cell.edit is not None and not cell.edit.rewrites:
            reason = f"edit {cell.edit.name!r} works on text embeddings, which an API does not take"
        elif cell.embedded_guidance is not None:
            reason = "embedded_guidance is an input of a network of one's own"
        else:
            continue
        raise InputError(
            f"{cell.label()}: {reason}; allowed with diffusion.backend images_api: method none, and text edits that rewrite the prompt"
        )
