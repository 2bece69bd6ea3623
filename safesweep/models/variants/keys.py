"""Names of published weights brought to those of the base's own: prefixes of training scripts, and the names of original repositories."""

from collections.abc import Callable, Mapping
from typing import Any, TypeVar

Value = TypeVar("Value")

PREFIXES = (
    *("", "module.", "unet.", "transformer.", "text_encoder.", "network.", "model."),
    *("module.unet.", "cond_stage_model.transformer.", "cond_stage_model."),
)
"""That training scripts, and whole checkpoints in the original layout, put before a component's names."""
ORIGINAL = ("model.diffusion_model.", "diffusion_model.", "")
"""Before the names of a network in its original repository's layout."""
FIRST = "model.diffusion_model."
"""What diffusers' converters look for."""
ONCE = "text_model."
"""Newer versions of transformers leave it out."""
BUFFERS = ("position_ids",)
"""Older versions saved them; they are no weights."""

Convert = Callable[[dict[str, Any]], dict[str, Any]]
"""A network's tensors in its original repository's names -> in diffusers'."""


def plain(name: str) -> str:
    """A text encoder's name as all versions of transformers would have it."""
    return name.removeprefix(ONCE)


def renamed(state: Mapping[str, Value], known: set[str], convert: Convert | None) -> dict[str, Value]:
    """``state`` under names of ``known``, as far as they can be brought to them; the others keep theirs.

    ``known``: the base's names, ``plain``. The prefix that fits the most is left out, and what does not have it: a whole checkpoint holds
    other components too. ``convert`` is tried where none fits.
    """
    found = _best(state, known)
    if not known.intersection(found) and convert is not None:
        for prefix in ORIGINAL:
            own = {FIRST + key.removeprefix(prefix): value for key, value in state.items() if key.startswith(prefix)}
            try:
                converted = convert(dict(own))
            except (KeyError, IndexError, ValueError, AttributeError, TypeError):  # it is not in these names either
                continue
            if known.intersection(converted):
                return converted
    return found


def _best(state: Mapping[str, Value], known: set[str]) -> dict[str, Value]:
    tries = []
    for prefix in PREFIXES:
        own = {plain(key.removeprefix(prefix)): value for key, value in state.items() if key.startswith(prefix)}
        tries.append({key: value for key, value in own.items() if not key.endswith(BUFFERS)})
    return max(tries, key=lambda names: len(known.intersection(names)))


def converter(component_class: str, config: Mapping[str, Any]) -> Convert | None:
    """diffusers' own converter of a network from its original repository's names; ``None`` where it has none."""
    from diffusers.loaders.single_file_model import SINGLE_FILE_LOADABLE_CLASSES

    found = SINGLE_FILE_LOADABLE_CLASSES.get(component_class)
    if found is None:
        return None
    mapping = found["checkpoint_mapping_fn"]

    def convert(state: dict[str, Any]) -> dict[str, Any]:
        made: dict[str, Any] = mapping(checkpoint=state, config=dict(config))
        return made

    return convert
