"""What a cell *is*, whatever it is called: the numbers in ``cell_json``, and in which of them two cells differ."""

import json
from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import Annotated, Any

from pydantic import Field

from safesweep.errors import InputError, did_you_mean

Content = Mapping[str, str]
"""Key → value as JSON, keys as presets write them; those of a text edit start with ``edit.``."""
AllowedKeys = Annotated[
    tuple[str, ...],
    Field(
        description="Keys of a cell in which the two compared may differ, such as num_inference_steps, beside those that the policy allows."
    ),
]
"""``--allow`` of every command that compares."""
PER_PROMPT = "guidance_scale"
"""The one number that a prompt's row may fill in, so that one cell may hold several."""


@lru_cache(maxsize=4096)
def cell_content(cell_json: str) -> Content:
    """A trial's ``cell_json`` as a flat table. Text that is no cell is one value under the key "cell"."""
    try:
        value = json.loads(cell_json)
    except ValueError:
        return {"cell": cell_json}
    if not isinstance(value, dict):
        return {"cell": cell_json}
    guidance, edit = (value.pop(key, None) or {} for key in ("guidance", "edit"))
    if not isinstance(guidance, dict) or not isinstance(edit, dict):
        return {"cell": cell_json}
    return _texts({**guidance, **{f"edit.{key}": number for key, number in edit.items()}, **value})


def _texts(value: Mapping[str, Any]) -> Content:
    return {key: json.dumps(item, sort_keys=True, ensure_ascii=False) for key, item in value.items()}


CELL_KEYS = frozenset({PER_PROMPT, "checkpoint", "embedded_guidance", "num_inference_steps", "solver"})
"""A cell's numbers that are not its method's."""


def differences(ours: str, theirs: str) -> dict[str, tuple[str, str]]:
    """Key → what the two cells have under it, where that differs; "none" where a cell has no such key."""
    a, b = cell_content(ours), cell_content(theirs)
    return {key: (a.get(key, "none"), b.get(key, "none")) for key in sorted({*a, *b}) if a.get(key) != b.get(key)}


def refused(found: Iterable[str], allowed: Iterable[str]) -> list[str]:
    """Which of the keys that differ are not allowed. ``method`` allows all of a method's own numbers, ``edit`` all of an edit's."""
    names = set(allowed)

    def passes(key: str) -> bool:
        if key in names or (key.startswith("edit.") and "edit" in names):
            return True
        return "method" in names and key not in CELL_KEYS and not key.startswith("edit.")

    return [key for key in found if not passes(key)]


def check_allowed(allowed: Iterable[str], contents: Iterable[Content]) -> None:
    """Raises ``InputError`` for a name that none of the cells has: a slip of the pen would allow nothing, or mean something else."""
    known = {"method", "edit", *CELL_KEYS, *(key for content in contents for key in content)}
    for name in allowed:
        if name not in known:
            raise InputError(
                f"--allow: {name!r} is nothing that these cells have; allowed: {', '.join(sorted(known))}"
                f"{did_you_mean(name, known)}"
            )
