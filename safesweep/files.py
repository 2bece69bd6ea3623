"""Files beside the code, what names a file by its content, and files that are written whole or not at all."""

import hashlib
import json
import math
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path, PurePath
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
"""The repository (or site-packages) that relative paths of presets start from when the working directory has none."""


def jobs_folder() -> Path:
    """Where the jobs are, and ``presets`` and ``policies`` beside them: ``jobs`` in a checkout, ``safesweep_jobs`` in a wheel."""
    installed = ROOT / "safesweep_jobs"
    return installed if installed.is_dir() else ROOT / "jobs"


def resolve_file(path: str) -> str:
    """A file's path: as it is, or, where the working directory has no such file, beside the code if it is there."""
    return path if Path(path).exists() or not (ROOT / path).is_file() else str(ROOT / path)


def file_sha256(path: str | Path) -> str:
    """SHA-256 of a file, 64 hexadecimal digits."""
    with (Path(path) if isinstance(path, str) else path).open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def on_store(path: str | Path) -> bool:
    """Whether a place lies in an object store: it is a path of universal_pathlib then, which has its file system along."""
    return not isinstance(path, str | PurePath)


def make_folder(path: Path) -> None:
    """Makes a folder, and those above it. A store has none: a file's name is all that is needed there."""
    if not on_store(path):
        path.mkdir(parents=True, exist_ok=True)


@contextmanager
def kept_if_filled(folder: Path) -> Iterator[None]:
    """A folder for the block's time, and for good where something lies in it at the end."""
    make_folder(folder)
    try:
        yield
    finally:
        if not on_store(folder) and not any(folder.iterdir()):
            folder.rmdir()


def write_whole(path: str | Path, content: str | bytes) -> None:
    """Publishes a file in one move, so that a reader sees the old one or the new one; a text as UTF-8, folders made.

    A killed writer leaves ``<name>.new`` behind; in a store, where a put is one move, nothing. Raises ``OSError`` where the folder cannot
    be written to.
    """
    data = content.encode() if isinstance(content, str) else content
    if on_store(path):
        place: Any = path
        place.fs.pipe_file(place.path, data)
        return
    target = Path(path)
    make_folder(target.parent)
    fresh = target.with_name(target.name + ".new")
    with gone_unless_whole(fresh):
        fresh.write_bytes(data)
        os.replace(fresh, target)


@contextmanager
def gone_unless_whole(path: Path) -> Iterator[None]:
    """A file that the block could not write to its end, as on a disk that is full, is taken away; the error goes on."""
    try:
        yield
    except BaseException:
        with suppress(OSError):
            path.unlink(missing_ok=True)
        raise


def write_json(path: str | Path, content: object) -> None:
    """Publishes JSON in one move, as `json_ready` has it."""
    text = json.dumps(json_ready(content), indent=2, ensure_ascii=False, allow_nan=False)
    write_whole(path, text + "\n")


def json_ready(value: Any) -> Any:
    """``value`` with named tuples as mappings, and NaN and infinities, of which JSON knows none, as None."""
    if hasattr(value, "_asdict"):
        return json_ready(value._asdict())
    if isinstance(value, Mapping):
        return {key: json_ready(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [json_ready(item) for item in value]
    return finite(value) if isinstance(value, float) else value


def finite(number: float) -> float | None:
    """The number, or None for NaN and infinities: there is none to show."""
    return float(number) if math.isfinite(number) else None
