"""What the columns of prompt sets are called, which of them plays which role, and what was passed over."""

import re
from collections.abc import Iterable, Mapping, Sequence
from difflib import get_close_matches

from safesweep.errors import InputError, did_you_mean

ALIASES: dict[str, tuple[str, ...]] = {
    "text": (
        *("adv_prompt", "adversarial_prompt", "attack_prompt", "jailbreak_prompt"),
        *("sensitive_prompt", "unsafe_prompt", "nsfw_prompt", "harmful_prompt"),
        *("prompt", "prompts", "text", "texts", "caption", "captions"),
    ),
    "seed": ("evaluation_seed", "sd_seed", "seed", "seeds", "random_seed"),
    "guidance": (
        *("evaluation_guidance", "sd_guidance_scale", "guidance", "guidance_scale"),
        *("cfg_scale", "cfg", "sd_guidance", "sd_cfg_scale"),
    ),
    "width": ("sd_image_width", "width", "image_width", "sd_width"),
    "height": ("sd_image_height", "height", "image_height", "sd_height"),
    "id": ("case_number", "image_id", "coco_id", "idx", "prompt_id", "id", "case_num", "case_id", "uid"),
    "categories": ("categories", "category", "concept", "concepts", "class", "classes", "harm_category"),
}
"""Role -> normalised column names; the first that a file has wins, so that where an attack stands beside the prompt that it was
made from, the attack is read, as the loaders of VL-DNP and SAFREE do. From I2P, UnlearnDiffAtk, P4D, Ring-A-Bell, MMA-Diffusion,
COCO 30k and CoPro as their authors publish them, and the common words beside them."""

LINE_COLUMN = "(line)"
"""Name of the only column of a headerless text file."""
SHOWN_NAMES = 20
"""How many columns an error names."""


def normalised(name: str) -> str:
    """``name`` without case and surrounding blanks; blanks, hyphens and underscores inside are the same."""
    return re.sub(r"[\s_-]+", "_", name.strip().casefold())


def names_a_text(names: Iterable[str]) -> bool:
    """Whether any of a header's names is that of a text column."""
    return any(normalised(name.strip('" ')) in ALIASES["text"] for name in names)


def map_columns(source: str, names: Sequence[str], chosen: Mapping[str, str | None] | None = None) -> Mapping[str, int]:
    """Role -> position of the column that plays it; ``text`` is always there, other roles where the file has them.

    Args:
        source: the file, for messages.
        names: of its columns.
        chosen: role -> column, by hand; None for a role that no column shall play. All other roles go by ``ALIASES``.

    Raises:
        InputError: an unknown role, a chosen column that is not there, no column that holds the text, or two of the name that
            decides a role.
    """
    chosen = chosen or {}
    for role in chosen:
        if role not in ALIASES:
            hint = did_you_mean(role, ALIASES)
            raise InputError(f"columns: {role!r} is no role; allowed: {', '.join(ALIASES)}{hint}")
    if tuple(names) == (LINE_COLUMN,):
        names = ("prompt",)
    folded = [normalised(str(name)) for name in names]
    roles: dict[str, int] = {}
    for role, aliases in ALIASES.items():
        if role in chosen:
            named = chosen[role]
            if named is not None:
                roles[role] = _chosen(source, names, folded, role, named)
            continue
        alias = next((alias for alias in aliases if alias in folded), None)
        if alias is not None:
            roles[role] = _only(source, folded, alias)
    if "text" not in roles:
        fix = "name it with columns.text (a file without a header needs the ending .txt)"
        raise InputError(
            f"{source}: no prompt column {_among(names)}; accepted are {', '.join(map(repr, ALIASES['text']))}; "
            f"{fix}{did_you_mean(folded, ALIASES['text'])}"
        )
    return roles


def other_texts(names: Sequence[str], roles: Mapping[str, int]) -> tuple[str, ...]:
    """Columns that could have been the text as well, and were passed over."""
    return tuple(
        str(name)
        for position, name in enumerate(names)
        if position != roles["text"] and normalised(str(name)) in ALIASES["text"]
    )


def look_alikes(names: Sequence[str], roles: Mapping[str, int]) -> Mapping[str, str]:
    """Ignored column -> the role that its name looks like, of the roles that no column plays."""
    found: dict[str, str] = {}
    for position, name in enumerate(names):
        folded = normalised(str(name))
        ignored = position not in roles.values() and folded and folded not in ALIASES["text"]
        for role in ALIASES.keys() - roles.keys() if ignored else ():
            words = {role, *ALIASES[role]}
            if words & set(folded.split("_")) - {"id"} or get_close_matches(folded, words, n=1, cutoff=0.8):
                found[str(name)] = role
    return found


def _chosen(source: str, names: Sequence[str], folded: Sequence[str], role: str, named: str) -> int:
    """The column of this very name, or else the one that differs in case, blanks and hyphens alone."""
    if list(names).count(named) == 1:
        return list(names).index(named)
    if normalised(named) not in folded:
        hint = did_you_mean(named, map(str, names))
        raise InputError(f"{source}: columns.{role}: there is no column {named!r} {_among(names)}{hint}")
    return _only(source, folded, normalised(named))


def _only(source: str, folded: Sequence[str], name: str) -> int:
    if folded.count(name) > 1:
        raise InputError(f"{source}: has {folded.count(name)} columns named {name!r}; keep one")
    return folded.index(name)


def _among(names: Sequence[str]) -> str:
    """The columns for an error; a first line that is no header may be a prompt, which no error shows."""
    known = {alias for aliases in ALIASES.values() for alias in aliases}
    near = [str(name) for name in names if get_close_matches(normalised(str(name)), known, n=1, cutoff=0.75)]
    words = len(names) > 1 and all(re.fullmatch(r"[A-Za-z_][\w.:-]{0,31}", str(name).strip()) for name in names)
    shown = [str(name) for name in names] if words else [name for name in near if len(name) <= 32]
    more = len(names) - len(shown[:SHOWN_NAMES])
    if not names:
        return "among no columns"
    beside = f" and {more} more" if shown and more else f"{more} columns" if more else ""
    return f"among {', '.join(map(repr, shown[:SHOWN_NAMES]))}{beside}"
