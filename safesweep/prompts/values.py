"""What the values of a prompt file mean: texts, whole numbers, guidance scales, ids, categories."""

import math
import re
from typing import NamedTuple

from safesweep.errors import InputError

MAX_SEED = 2**63 - 1


class FileValue(NamedTuple):
    """Where a value stands in its file, for messages."""

    source: str
    row: int
    column: str

    def wrong(self, value: object, allowed: str) -> InputError:
        """The error for ``value`` at this place."""
        shown = repr(value) if len(repr(value)) <= 60 else repr(value)[:57] + "..."
        return InputError(
            f"{self.source}: row {self.row} (counted from 0), column {self.column!r}: found {shown}; {allowed}"
        )


def is_missing(value: object) -> bool:
    """Nothing, blank text, or Arrow's and pandas' not-a-number. The words "Null" and "None" are not missing."""
    return (
        value is None
        or (isinstance(value, str) and not value.strip())
        or (isinstance(value, float) and math.isnan(value))
    )


def read_text(value: object, at: FileValue) -> str:
    """A prompt exactly as it stands.

    Raises:
        InputError: not a text, or one that UTF-8 cannot hold (half of a surrogate pair).
    """
    if not isinstance(value, str):
        raise at.wrong(value, f"a text is wanted, not {type(value).__name__}")
    try:
        value.encode()
    except UnicodeEncodeError:
        raise at.wrong(value, "a text of whole Unicode characters is wanted") from None
    return value


def read_whole(value: object, at: FileValue, minimum: int, allowed: str) -> int | None:
    """A whole number ``minimum`` … 2**63 - 1, or None where it is blank. Texts and floats of whole value are
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
        raise at.wrong(value, allowed)
    if not minimum <= number <= MAX_SEED:
        raise at.wrong(value, allowed)
    return number


def read_guidance(value: object, at: FileValue) -> float | None:
    """A finite guidance scale of any size, or None where it is blank.

    Raises:
        InputError: not a finite number.
    """
    if is_missing(value):
        return None
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        raise at.wrong(value, "a finite number is wanted")
    try:
        number = float(value)
    except (ValueError, OverflowError):
        raise at.wrong(value, "a finite number is wanted") from None
    if not math.isfinite(number):
        raise at.wrong(value, "a finite number is wanted")
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
