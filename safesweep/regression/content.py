"""What a run holds as one digest: trials, pictures, evidence and answers, but neither times nor how its files are laid out."""

import hashlib
import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa

from safesweep.errors import NotJudgedError
from safesweep.lake.parquet_files import open_parquet

COLUMNS = (
    *("trial_id", "prompt_set", "prompt_row", "prompt", "prompt_hash", "sample_index", "seed", "width", "height"),
    *("benign", "source_sha256", "method", "cell", "cell_json", "status", "compute_seconds"),
    *("picture", "exchanges", "evidence"),
)
"""Whatever a comparison reads."""
ANSWER = ("step", "question", "answer", "terms")
BATCH = 64
VERSION = "1"
"""Of the digest's own form; another gives other digests."""


def content_digest(files: Sequence[Path]) -> str:
    """``1:`` and 64 hexadecimal digits: SHA-256 over the sorted SHA-256 of every row. The order of rows and files does not matter.

    Raises ``NotJudgedError`` naming a file that cannot be read.
    """
    rows = sorted(digest for path in files for digest in _rows(path))
    return f"{VERSION}:{hashlib.sha256(b''.join(rows)).hexdigest()}"


def _rows(path: Path) -> Iterator[bytes]:
    try:
        with open_parquet(path) as file:
            columns = [name for name in COLUMNS if name in file.schema_arrow.names]
            for batch in file.iter_batches(BATCH, columns=columns):
                for row in batch.to_pylist():
                    yield hashlib.sha256(_canonical(row)).digest()
    except (pa.ArrowException, OSError) as error:
        raise NotJudgedError(f"{path}: cannot be read: {error}") from error


def _canonical(row: dict[str, Any]) -> bytes:
    picture = row.get("picture")
    if picture is not None:
        row["picture"] = hashlib.sha256(picture).hexdigest()
    row["exchanges"] = [{name: one.get(name) for name in ANSWER} for one in row.get("exchanges") or ()]
    return json.dumps(row, sort_keys=True, ensure_ascii=True).encode()
