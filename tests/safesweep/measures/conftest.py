"""Small lakes in the contract's shape."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tests.safesweep.measures.rows import SCHEMA


@pytest.fixture
def write_lake(tmp_path: Path) -> Callable[..., Path]:
    """Write rows as part files of run "r": one list of rows a file."""

    def write(*files: list[dict[str, Any]], run_id: str = "r") -> Path:
        folder = tmp_path / "trials" / f"run={run_id}"
        folder.mkdir(parents=True, exist_ok=True)
        for index, rows in enumerate(files):
            pq.write_table(pa.Table.from_pylist(rows, SCHEMA), folder / f"part-{index}.parquet", compression="zstd")
        return tmp_path

    return write
