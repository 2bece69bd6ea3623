"""Files beside the code, and what names a file by its content."""

import hashlib
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
"""The repository (or site-packages) that relative paths of presets start from when the working directory has none."""


def resolve_file(path: str) -> str:
    """A file's path: as it is, or, where the working directory has no such file, beside the code if it is there."""
    return path if Path(path).exists() or not (ROOT / path).is_file() else str(ROOT / path)


def file_sha256(path: str | Path) -> str:
    """SHA-256 of a file, 64 hexadecimal digits."""
    with Path(path).open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()
