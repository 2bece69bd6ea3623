"""Parquet files of a lake, wherever it lies: whole tables, parts of them, and what their footers say."""

import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
from pyarrow.fs import FSSpecHandler, PyFileSystem

from safesweep.files import gone_unless_whole, on_store
from safesweep.lake.folder import lake_folder
from safesweep.lake.ranged import RangedReads
from safesweep.lake.stores import scheme_of, store_of


def open_parquet(path: str | Path, **options: Any) -> pq.ParquetFile:
    """A file to be read by row groups and columns; ``options`` are ``pyarrow.parquet.ParquetFile``'s. Use it in a ``with``."""
    where, file_system = _place(path)
    return pq.ParquetFile(where, filesystem=file_system, **options)


def row_groups(path: Path) -> Iterator[tuple[pq.ParquetFile, int]]:
    """A file's row groups in their order: each one's number, and the opened file to read it from before the next is asked for.

    Of a store what is read of a group comes in few requests, and is let go of behind it. Raises ``pa.ArrowInvalid`` for a damaged file.
    """
    with open_parquet(path, pre_buffer=False) as file:
        metadata = file.metadata
        for group in range(metadata.num_row_groups if not on_store(path) else 0):
            yield file, group
    for group in range(metadata.num_row_groups if on_store(path) else 0):
        # pyarrow keeps what it has fetched ahead until the file is closed
        with open_parquet(path, pre_buffer=True, metadata=metadata) as file:
            yield file, group


def read_table(path: Path, columns: Sequence[str] | None = None, **options: Any) -> pa.Table:
    """A file's rows; of these columns alone nothing else is fetched. ``options`` are ``pyarrow.parquet.read_table``'s."""
    where, file_system = _place(path)
    wanted = None if columns is None else list(columns)
    return pq.read_table(where, columns=wanted, partitioning=None, filesystem=file_system, **options)


def read_metadata(path: Path) -> pq.FileMetaData:
    """What its footer says of its rows. Raises ``pa.ArrowInvalid`` for a file without one."""
    where, file_system = _place(path)
    return pq.read_metadata(where, filesystem=file_system)


def read_schema(path: Path) -> pa.Schema:
    """Its columns. Raises ``pa.ArrowInvalid`` for a file without a footer."""
    where, file_system = _place(path)
    return pq.read_schema(where, filesystem=file_system)


def replace_rows(path: Path, rows: pa.Table) -> None:
    """Puts a parquet file of ``rows`` in the place of what is there, in one move.

    A killed writer leaves ``<name>.new`` behind, in a store nothing.
    """
    if on_store(path):
        buffer = pa.BufferOutputStream()
        pq.write_table(rows, buffer, compression="zstd")
        store, name = store_of(path)
        store.pipe_file(name, buffer.getvalue().to_pybytes())
        return
    fresh = path.with_name(f"{path.name}.new")
    with gone_unless_whole(fresh):
        pq.write_table(rows, fresh, compression="zstd")
        os.replace(fresh, path)


def arrow_file_system(path: Path) -> tuple[str, Any]:
    """A place as pyarrow's writers take it: the path, and the file system that it is in; None for this machine's own."""
    if not on_store(path):
        return str(path), None
    store, name = store_of(path)
    return name, PyFileSystem(FSSpecHandler(store))


def _place(path: str | Path) -> tuple[str | Path, Any]:
    found = lake_folder(path) if isinstance(path, str) else path
    if not on_store(found):
        return path, None
    store, name = store_of(found)
    return name, PyFileSystem(FSSpecHandler(RangedReads(store, scheme_of(str(found)) or "")))
