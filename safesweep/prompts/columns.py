"""What the columns of published prompt sets are called, and how their cells are read."""

import math
import re
from collections.abc import Mapping, Sequence
from typing import NamedTuple

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

MAX_SEED = 2**63 - 1
LINE_COLUMN = "(line)"
"""Name of the only column of a headerless text file."""


class Cell(NamedTuple):
    """Where a value stands, for messages."""

    source: str
    row: int
    column: str

    def wrong(self, value: object, allowed: str) -> InputError:
        """The error for ``value`` at this place."""
        shown = repr(value) if len(repr(value)) <= 60 else repr(value)[:57] + "..."
        return InputError(
            f"{self.source}: row {self.row} (counted from 0), column {self.column!r}: found {shown}; {allowed}"
        )


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


def is_missing(value: object) -> bool:
    """Nothing, blank text, or Arrow's and pandas' not-a-number. The words "Null" and "None" are not missing."""
    return (
        value is None
        or (isinstance(value, str) and not value.strip())
        or (isinstance(value, float) and math.isnan(value))
    )


def read_text(value: object, cell: Cell) -> str:
    """A prompt exactly as it stands.

    Raises:
        InputError: not a text, or one that UTF-8 cannot hold (half of a surrogate pair).
    """
    if not isinstance(value, str):
        raise cell.wrong(value, f"a text is wanted, not {type(value).__name__}")
    try:
        value.encode()
    except UnicodeEncodeError:
        raise cell.wrong(value, "a text of whole Unicode characters is wanted") from None
    return value


def read_whole(value: object, cell: Cell, minimum: int, allowed: str) -> int | None:
    """A whole number ``minimum`` … 2**63 - 1, or None where the cell is blank. Texts and floats of whole value are
    whole: pandas makes "5.0" of 5 beside a blank.

    Raises:
        InputError: anything else; ``allowed`` says what is wanted.
    """
    if is_missing(value):
        return None
    if isinstance(value, str) and re.fullmatch(r"[+-]?[0-9]{1,30}(\.0*)?", value.strip()):
        number = int(value.strip().split(".")[0])
    elif isinstance(value, float) and value.is_integer() and abs(value) <= 2**53:
        number = int(value)
    elif isinstance(value, int) and not isinstance(value, bool):
        number = value
    else:
        raise cell.wrong(value, allowed)
    if not minimum <= number <= MAX_SEED:
        raise cell.wrong(value, allowed)
    return number


def read_guidance(value: object, cell: Cell) -> float | None:
    """A finite guidance scale of any size, or None where the cell is blank.

    Raises:
        InputError: not a finite number.
    """
    if is_missing(value):
        return None
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        raise cell.wrong(value, "a finite number is wanted")
    try:
        number = float(value)
    except (ValueError, OverflowError):
        raise cell.wrong(value, "a finite number is wanted") from None
    if not math.isfinite(number):
        raise cell.wrong(value, "a finite number is wanted")
    return number


def read_id(value: object, row: int) -> str:
    """The file's id as text, zeros in front kept; the row number where it is blank."""
    if is_missing(value):
        return str(row)
    # a nullable integer column comes out of pandas as floats
    return str(int(value)) if isinstance(value, float) and value.is_integer() else str(value).strip()


def read_categories(value: object) -> tuple[str, ...]:
    """A ", " list, or a list, as its different members in order."""
    if is_missing(value):
        return ()
    parts = value if isinstance(value, list | tuple) else str(value).split(",")
    return tuple(dict.fromkeys(name for name in (str(part).strip() for part in parts if part is not None) if name))


def to_multiple(size: int, multiple: int) -> int:
    """The multiple of ``multiple`` nearest to ``size`` (halves up), at least one."""
    return max(1, (2 * size + multiple) // (2 * multiple)) * multiple
