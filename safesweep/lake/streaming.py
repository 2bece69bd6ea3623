"""Rows that stream from part files into new ones: at no time are more in memory than one row group of the new file."""

import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import pyarrow as pa
import pyarrow.parquet as pq

from safesweep.files import file_sha256, make_folder, on_store
from safesweep.lake.parquet_files import row_groups
from safesweep.lake.row_digest import RowDigest
from safesweep.lake.stores import store_of

BATCH_ROWS = 32
"""Rows that are read together."""
GROUP_BYTES = 32 << 20
"""A row group of a new file is ended behind so many bytes in memory."""
GROUP_ROWS = 1 << 16
STAGED = ".new"
"""What a file's name ends in until it is whole; no reader takes such a one."""


def stream_rows(path: Path, columns: Sequence[str] | None = None) -> Iterator[pa.RecordBatch]:
    """A parquet file's rows, ``BATCH_ROWS`` at most at a time, in their order, of all columns or of these.

    Raises ``pa.ArrowInvalid`` for a damaged one.
    """
    for file, group in row_groups(path):
        yield from file.iter_batches(BATCH_ROWS, [group], columns, use_threads=False)


def digest_rows(*files: Path) -> RowDigest:
    """The digest of the files' rows, one file behind the other."""
    digest = RowDigest()
    for path in files:
        for batch in stream_rows(path):
            digest.update(batch)
    return digest


def staged(path: Path) -> Path:
    """Where a file is written before it is published."""
    return path.with_name(f"{path.name}{STAGED}")


def publish(path: Path) -> None:
    """Gives what was staged for ``path`` its name, in one move."""
    staged(path).rename(path)


class PartWriter:
    """Writes one part file beside its place; ``publish`` puts it there. A killed writer leaves ``<name>.new`` behind.

    Of a store's file beside its place is a temporary folder of this machine, so that a killed writer leaves nothing in the store.
    """

    def __init__(self, path: Path, schema: pa.Schema) -> None:
        self.path, self.schema = path, schema
        make_folder(path.parent)
        self._local = tempfile.TemporaryDirectory(prefix="safesweep-") if on_store(path) else None
        self.staged = staged(Path(self._local.name) / path.name if self._local else path)
        """Where it is until ``publish``."""
        self._stream: Any = self.staged.open("wb")
        self._writer = pq.ParquetWriter(self._stream, schema, compression="zstd")
        self._waiting: list[pa.RecordBatch] = []
        self._bytes = self._rows = 0

    @property
    def size(self) -> int:
        """Bytes that are written; those of the row group at work are not among them."""
        return int(self._stream.tell())

    def write(self, batch: pa.RecordBatch) -> None:
        """Adds rows of the writer's schema."""
        self._waiting.append(batch)
        self._bytes += batch.nbytes
        self._rows += batch.num_rows
        if self._bytes >= GROUP_BYTES or self._rows >= GROUP_ROWS:
            self._end_group()

    def _end_group(self) -> None:
        if self._rows:
            self._writer.write_table(pa.Table.from_batches(self._waiting, self.schema), row_group_size=self._rows)
        self._waiting, self._bytes, self._rows = [], 0, 0

    def close(self) -> None:
        """Ends the file, which is whole from now on."""
        self._end_group()
        self._writer.close()
        self._stream.close()

    def publish(self) -> str:
        """Puts the closed file in its place, in one move; returns the SHA-256 of what is there.

        Raises ``OSError`` where the store failed, or gives back other bytes than it was given.
        """
        if self._local is None:
            publish(self.path)
            return file_sha256(self.path)
        written = file_sha256(self.staged)
        store, name = store_of(self.path)
        store.put_file(str(self.staged), name)
        if file_sha256(self.path) != written:
            raise OSError(f"{self.path}: the store holds other bytes than were put there")
        self.discard()
        return written

    def discard(self) -> None:
        """Removes what is staged of a store's file; a folder's is left to the next start."""
        if self._local is not None:
            self._stream.close()
            self._local.cleanup()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if kind is None:
            self.close()
            return
        try:
            self._writer.close()
        finally:
            self._stream.close()
            self.discard()
