"""Parquet: columns of any type, of which only those that are asked for are decoded."""

from collections.abc import Iterator, Sequence

import pyarrow as pa
import pyarrow.parquet as pq

from safesweep.errors import InputError
from safesweep.prompts.formats.base import PromptTable
from safesweep.prompts.source import SourceFile

ROWS_A_BATCH = 4096


class ParquetTable(PromptTable):
    """A Parquet file; a data set's pictures stay where they are."""

    def __init__(self, file: SourceFile) -> None:
        self._file = file
        try:
            with pq.ParquetFile(file.path) as opened:
                self.names = tuple(opened.schema_arrow.names)
                self._types = tuple(str(field.type) for field in opened.schema_arrow)
                self._count = int(opened.metadata.num_rows)
        except (pa.ArrowException, OSError) as error:
            raise InputError(f"{file.url}: is not a readable Parquet file: {error}") from None

    def rows(self, positions: Sequence[int]) -> Iterator[Sequence[object]]:
        """Rows as Python's counterparts of their Arrow values."""
        names = [self.names[position] for position in positions]
        if not names:
            yield from ((),) * self._count
            return
        try:
            with pq.ParquetFile(self._file.path, buffer_size=1 << 20, pre_buffer=False) as opened:
                for batch in opened.iter_batches(ROWS_A_BATCH, columns=names, use_threads=False):
                    columns = dict(
                        zip(batch.schema.names, (column.to_pylist() for column in batch.columns), strict=True)
                    )
                    yield from zip(*(columns[name] for name in names), strict=True)
        except (pa.ArrowException, OSError) as error:
            shown = ", ".join(map(repr, names))
            raise InputError(f"{self._file.url}: columns {shown} cannot be read: {error}") from None

    def count(self) -> int:
        """From the footer."""
        return self._count

    def type_of(self, position: int) -> str:
        """Arrow's."""
        return self._types[position]
