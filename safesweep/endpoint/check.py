"""What a service of which only the API is seen can be asked for: prompts as they are, or rewritten in words."""

from collections.abc import Iterable

from safesweep.endpoint.client import OPTION
from safesweep.endpoint.settings import ImagesApiSettings
from safesweep.errors import InputError
from safesweep.guidance.cell import Cell
from safesweep.vlm.backends.openai import check_endpoint

ALLOWED = "allowed with diffusion.backend images_api: method none, and text edits that rewrite the prompt"


def check_cells(cells: Iterable[Cell]) -> None:
    """Raises ``InputError`` naming the cell and why it cannot be tried on such a service, or two cells that ask it for the same."""
    asked: dict[object, str] = {}
    for cell in cells:
        method = str(getattr(cell.guidance, "method"))  # noqa: B009  (declared by each subclass as a Literal)
        if method != "none":
            reason = f"method {method!r} guides the network's steps, which an API does not show"
        elif cell.checkpoint is not None:
            reason = "a checkpoint is put on a model of one's own"
        elif cell.edit is not None and not cell.edit.rewrites:
            reason = f"edit {cell.edit.name!r} works on text embeddings, which an API does not take"
        elif cell.embedded_guidance is not None:
            reason = "embedded_guidance is an input of a network of one's own"
        elif cell.edit in asked:
            reason = (
                f"asks the service for the same as {asked[cell.edit]!r}, for it sees neither scale nor steps nor solver"
            )
        else:
            asked[cell.edit] = cell.label()
            continue
        raise InputError(f"{cell.label()}: {reason}; {ALLOWED}")


def check_service(settings: ImagesApiSettings) -> None:
    """Asks the service once for its models; one that has no such list is taken on trust. Raises ``InputError``."""
    patience = min(settings.timeout_s, 10.0)
    check_endpoint(settings.url, settings.model, settings.api_key_env, patience, option=OPTION, lists_models=False)
