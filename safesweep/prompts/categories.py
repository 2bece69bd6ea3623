"""A row's categories, as people write several into one field."""

import ast
import csv
import json
import re
from collections.abc import Iterable, Mapping
from typing import Any

from safesweep.prompts.values import is_missing

FLAG = 0.5
"""From which value on a flag or probability counts as set."""


def read_categories(value: object) -> tuple[str, ...]:
    """The different categories of a field in order, in lower case: ``Violence`` and ``violence`` are one.

    A field is a list; a mapping of flags (those set count); or a text: a list or mapping as Python or JSON write it, or names
    between semicolons or vertical bars, or else commas. A name with a comma stands in quotes, or in one of the other forms.
    """
    if is_missing(value):
        return ()
    if isinstance(value, str):
        value = _parsed(value.strip())
    if isinstance(value, Mapping):
        value = [name for name, flag in value.items() if _is_set(flag)]
    parts: Iterable[object] = value if isinstance(value, list | tuple | set) else [value]
    names = (str(part).strip().casefold() for part in parts if part is not None)
    return tuple(dict.fromkeys(name for name in names if name))


def _parsed(text: str) -> Any:
    if text[0] in "[{(":
        if re.search(r"""['"]\s+['"]""", text):  # numpy writes no commas, and Python would join such texts
            return [single or double for single, double in re.findall(r"'([^']*)'|\"([^\"]*)\"", text)]
        for parse in (json.loads, ast.literal_eval):
            try:
                return parse(text)
            except (ValueError, SyntaxError):
                continue
    for separator in ";|":
        if separator in text:
            return text.split(separator)
    if '"' not in text:
        return text.split(",")
    return next(csv.reader([text], skipinitialspace=True), [])


def _is_set(flag: object) -> bool:
    if isinstance(flag, str):
        return flag.strip().casefold() in ("true", "yes", "1")
    return isinstance(flag, bool | int | float) and flag >= FLAG
