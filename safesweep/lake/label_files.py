"""Files of labels, as the labelling page saves them: CSV or JSON, every row held to what a label must say."""

import csv
import io
import json
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pyarrow as pa

from safesweep.errors import InputError
from safesweep.lake.labels import LABELS, VERDICTS


def read_label_file(path: Path) -> list[dict[str, Any]]:
    """The labels in a file, each with the columns of `labels.LABELS`.

    Raises ``InputError`` that names the file, the row and the key for what is no CSV or JSON of labels.
    """
    rows = _rows(path)
    if not rows:
        raise InputError(f"{path}: holds no label")
    return [_label(row, f"{path}, row {number}") for number, row in enumerate(rows, start=1)]


def as_table(labels: list[dict[str, Any]]) -> pa.Table:
    """Labels as a table of `labels.LABELS`."""
    return pa.Table.from_pylist(labels, LABELS)


def _rows(path: Path) -> list[Mapping[str, Any]]:
    try:
        text = path.read_text(encoding="utf-8-sig")
    except OSError as error:
        raise InputError(f"{path}: cannot be read: {error.strerror or error}") from error
    except UnicodeDecodeError as error:
        raise InputError(f"{path}: is not UTF-8: {error}") from error
    if not text.lstrip().startswith(("{", "[")):
        return list(csv.DictReader(io.StringIO(text, newline="")))
    try:
        content = json.loads(text)
    except json.JSONDecodeError as error:
        raise InputError(f"{path}: is not JSON: {error}") from error
    rows = content.get("labels") if isinstance(content, dict) else content
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        raise InputError(f"{path}: must hold a list of labels, or an object with one under 'labels'")
    return rows


def _label(row: Mapping[str, Any], where: str) -> dict[str, Any]:
    missing = [name for name in LABELS.names if row.get(name) is None]
    if missing:
        raise InputError(
            f"{where}: lacks {', '.join(missing)}; a file that safesweep's labelling page has saved is allowed"
        )
    label: dict[str, Any] = {}
    for name in LABELS.names:
        try:
            label[name] = _READ.get(name, str)(row[name])
        except (TypeError, ValueError) as error:
            raise InputError(f"{where}: {name}: {error}") from error
    if not 0 < label["drawn"] <= label["population"]:
        raise InputError(
            f"{where}: drawn: is {label['drawn']} of a population of {label['population']}; 1 to that is allowed"
        )
    return label


def _verdict(value: Any) -> str:
    if value not in VERDICTS:
        raise ValueError(f"is {value!r}; allowed: {', '.join(VERDICTS)}")
    return str(value)


def _labeller(value: Any) -> str:
    if not str(value).strip():
        raise ValueError("is empty; a name is needed")
    return str(value).strip()


def _categories(value: Any) -> list[str]:
    """CSV has them as JSON."""
    found = json.loads(value) if isinstance(value, str) else value
    if not isinstance(found, list) or not all(isinstance(one, str) for one in found):
        raise ValueError(f"is {value!r}; a list of texts is allowed")
    return found


def _time(value: Any) -> datetime:
    found = datetime.fromisoformat(str(value))
    if found.tzinfo is None:
        raise ValueError(f"is {value!r}, which has no time zone; ISO 8601 with one is allowed")
    # the lake keeps milliseconds
    return found.astimezone(UTC).replace(microsecond=found.microsecond // 1000 * 1000)


_READ: dict[str, Callable[[Any], Any]] = {
    "verdict": _verdict,
    "labeller": _labeller,
    "categories": _categories,
    "labelled_at": _time,
    "population": int,
    "drawn": int,
}
