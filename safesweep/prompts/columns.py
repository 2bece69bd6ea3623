"""What the columns of published prompt sets are called."""

import re
from collections.abc import Mapping, Sequence

from safesweep.errors import InputError, did_you_mean

ALIASES: dict[str, tuple[str, ...]] = {
    "text": ("prompt", "adv_prompt", "sensitive_prompt", "unsafe_prompt", "text"),
    "seed": ("evaluation_seed", "sd_seed", "seed"),
    "guidance": ("evaluation_guidance", "sd_guidance_scale", "guidance", "guidance_scale"),
    "width": ("sd_image_width", "width"),
    "height": ("sd_image_height", "height"),
    "id": ("case_number", "image_id", "coco_id", "idx", "prompt_id", "id"),
    "categories": ("categories", "category", "concept"),
}
"""Role -> normalised column names, the first that a file has wins. From I2P, UnlearnDiffAtk, P4D, Ring-A-Bell,
MMA-Diffusion, COCO 30k and CoPro as their authors publish them, and the common words beside them."""

LINE_COLUMN = "(line)"
"""Name of the only column of a headerless text file."""


def normalised(name: str) -> str:
    """``name`` without case and surrounding blanks; blanks, hyphens and underscores inside are the same."""
    return re.sub(r"[\s_-]+", "_", name.strip().casefold())


def map_columns(source: str, names: Sequence[str]) -> Mapping[str, int]:
    """Role -> position of the column that plays it; ``text`` is always there, other roles where the file has them.

    Raises:
        InputError: no column holds the text, or two columns have the name that decides a role.
    """
    if tuple(names) == (LINE_COLUMN,):
        return {"text": 0}
    folded = [normalised(str(name)) for name in names]
    roles: dict[str, int] = {}
    for role, aliases in ALIASES.items():
        alias = next((alias for alias in aliases if alias in folded), None)
        if alias is None:
            continue
        if folded.count(alias) > 1:
            raise InputError(f"{source}: has {folded.count(alias)} columns named {alias!r}; keep one")
        roles[role] = folded.index(alias)
    if "text" not in roles:
        raise InputError(
            f"{source}: no prompt column among {', '.join(map(repr, names)) or 'no columns'}; "
            f"accepted are {', '.join(map(repr, ALIASES['text']))} "
            f"(a file without a header needs the ending .txt){did_you_mean(folded, ALIASES['text'])}"
        )
    return roles
