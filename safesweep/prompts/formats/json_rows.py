"""JSON in the shapes that people have: rows line by line or in a list, columns in an object, texts alone, under one key."""

import json
from collections.abc import Iterator, Sequence
from typing import Any

from safesweep.errors import InputError
from safesweep.prompts.columns import names_a_text
from safesweep.prompts.formats.base import PromptTable
from safesweep.prompts.formats.text import open_text
from safesweep.prompts.source import SourceFile

Record = dict[str, Any]


class JsonTable(PromptTable):
    """Columns are the keys of all rows, in the order in which they first appear."""

    def __init__(self, file: SourceFile) -> None:
        with open_text(file) as stream:
            text = stream.read()
        try:
            rows = _rows_of(_parse(text)) if text.lstrip()[:1] in ("[", "{") else list(_lines(file, text))
        except ValueError as error:
            if text.lstrip().startswith("[") and not isinstance(error, _SeveralError):
                raise InputError(f"{file.url}: is not JSON: {error}") from None
            rows = list(_lines(file, text))
        if rows and all(isinstance(row, str) for row in rows):
            rows = [{"prompt": row} for row in rows]
        if rows and all(isinstance(row, dict) and len(row) == 1 for row in rows):
            inner = [next(iter(row.values())) for row in rows]
            rows = inner if all(isinstance(row, dict) for row in inner) else rows
        for number, row in enumerate(rows):
            if not isinstance(row, dict):
                example = 'every row must be an object such as {"prompt": "a red circle"}'
                raise InputError(f"{file.url}: row {number} (counted from 0) is a {type(row).__name__}; {example}")
        self._records: list[Record] = rows
        self.names = tuple(dict.fromkeys(name for record in rows for name in record))

    def rows(self, positions: Sequence[int]) -> Iterator[Sequence[object]]:
        """Rows as their JSON values."""
        names = [self.names[position] for position in positions]
        return ([record.get(name) for name in names] for record in self._records)


class _SeveralError(ValueError):
    """Documents behind one another."""


def _parse(text: str) -> Any:
    try:
        return json.loads(text, object_pairs_hook=_unique)
    except json.JSONDecodeError as error:
        raise _SeveralError(str(error)) if error.msg == "Extra data" else error from None


def _lines(file: SourceFile, text: str) -> Iterator[Any]:
    for number, line in enumerate(text.split("\n"), start=1):
        if line.strip():
            try:
                yield _parse(line)
            except ValueError as error:
                raise InputError(f"{file.url}: line {number}: is not JSON: {error}") from None


def _unique(pairs: list[tuple[str, Any]]) -> Record:
    found = dict(pairs)
    if len(found) < len(pairs):
        names = [name for name, _ in pairs]
        twice = next(place for place, name in enumerate(names) if name in names[:place])
        raise ValueError(f"an object has key {twice + 1} of {len(pairs)} twice; keep one")
    return found


def _rows_of(document: Any) -> list[Any]:
    """The rows of a whole file: a list; an object of columns, which are lists or objects by row; an object of rows; or what
    one key holds of these. Any other object is one row itself."""
    if not isinstance(document, dict):
        return list(document)
    values = list(document.values())
    texts = [value for name, value in document.items() if names_a_text([name])]
    if any(isinstance(value, str) for value in texts):
        return [document]
    if texts and all(isinstance(value, list) for value in values):
        length = len(values[0])
        if all(len(value) == length for value in values) and not any(isinstance(item, dict) for item in texts[0]):
            return [dict(zip(document, row, strict=True)) for row in zip(*values, strict=True)]
    if texts and all(isinstance(value, dict) for value in values):
        keys = dict.fromkeys(key for value in values for key in value)
        return [{name: column.get(key) for name, column in document.items()} for key in keys]
    if values and all(map(_is_row, values)):
        return values
    held = [_rows_of(value) for value in values if isinstance(value, list | dict) and value]
    held = [rows for rows in held if rows and (isinstance(rows[0], str) or _is_row(rows[0]))]
    return held[0] if len(held) == 1 else [document]


def _is_row(value: Any) -> bool:
    return isinstance(value, dict) and any(
        isinstance(held, str) and names_a_text([name]) for name, held in value.items()
    )
