"""What the values of a prompt file mean: texts, whole numbers, guidance scales, ids."""

import math
import re
import unicodedata
from typing import NamedTuple

from safesweep.errors import InputError

MAX_SEED = 2**63 - 1
_WHOLE = re.compile(r"[+-]?[0-9]{1,30}(\.0*)?")
_LIKE_A_NUMBER = re.compile(r"[+-]?[0-9.][0-9.,_eE+-]*|[+-]?(inf|nan|infinity)", re.IGNORECASE)
_INVISIBLE = {"Cf", "Zs", "Zl", "Zp", "Cc", "Mn"}
"""Unicode's categories of format characters, blanks, controls and marks without a letter."""


class FileValue(NamedTuple):
    """Where a value stands in its file, for messages."""

    source: str
    row: int
    column: str
    role: str

    def wrong(self, value: object, allowed: str) -> InputError:
        """The error for ``value`` at this place. It shows numbers, never a text: that may be a prompt, and unsafe."""
        return InputError(
            f"{self.source}: row {self.row} (counted from 0), column {self.column!r}: found {_shown(value)}; {allowed}"
        )


def _shown(value: object) -> str:
    if (
        isinstance(value, bool | int | float)
        or value is None
        or (isinstance(value, str) and _LIKE_A_NUMBER.fullmatch(value.strip()))
    ):
        shown = repr(value)
    elif isinstance(value, str):
        return f"a text of {len(value):,} characters"
    else:
        many = f" of {len(value):,}" if hasattr(value, "__len__") else ""
        return f"a {type(value).__name__}{many}"
    return shown if len(shown) <= 60 else shown[:57] + "..."


def is_missing(value: object) -> bool:
    """Nothing, blank text, or Arrow's and pandas' not-a-number. The words "Null" and "None" are not missing."""
    return (
        value is None
        or (isinstance(value, str) and (not value or value.isspace()))
        or (isinstance(value, float) and math.isnan(value))
    )


def is_invisible(text: str) -> bool:
    """Whether nothing of a text can be seen: zero-width characters, marks and blanks alone."""
    # nearly every text starts with a letter
    return not text[0].isalnum() and all(unicodedata.category(character) in _INVISIBLE for character in text)


def read_text(value: object, at: FileValue) -> str:
    """A prompt exactly as it stands.

    Raises:
        InputError: not a text, or one with NUL or half of a surrogate pair, which UTF-8 and tokenizers cannot hold.
    """
    if not isinstance(value, str):
        raise at.wrong(value, f"a text is wanted, not {type(value).__name__}")
    if "\x00" in value:
        raise at.wrong(value, f"it holds the character NUL at place {value.index(chr(0))}")
    if not value.isascii():
        try:
            value.encode()
        except UnicodeEncodeError:
            raise at.wrong(value, "a text of whole Unicode characters is wanted") from None
    return value


def read_whole(value: object, at: FileValue, minimum: int, maximum: int, allowed: str) -> int | None:
    """A whole number ``minimum`` … ``maximum``, or None where it is blank. Texts and floats of whole value are
    whole: pandas makes "5.0" of 5 beside a blank.

    Raises:
        InputError: anything else; ``allowed`` says what is wanted.
    """
    if type(value) is int and minimum <= value <= maximum:
        return value
    if is_missing(value):
        return None
    if isinstance(value, str) and _WHOLE.fullmatch(value.strip()):
        number = int(value.strip().split(".")[0])
    elif isinstance(value, float) and value.is_integer() and abs(value) <= 2**53:
        number = int(value)
    elif isinstance(value, int) and not isinstance(value, bool):
        number = value
    else:
        raise at.wrong(value, allowed)
    if not minimum <= number <= maximum:
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
    if value is None or is_missing(value):
        return str(row)
    # a nullable integer column comes out of pandas as floats
    return str(int(value)) if isinstance(value, float) and value.is_integer() else str(value).strip()


def to_multiple(size: int, multiple: int) -> int:
    """The multiple of ``multiple`` nearest to ``size`` (halves up), at least one."""
    return max(1, (2 * size + multiple) // (2 * multiple)) * multiple
