"""A digest of rows: equal for equal rows in equal order, however they are cut into files, row groups and batches."""

import hashlib
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

BYTES = (pa.types.is_binary, pa.types.is_string, pa.types.is_large_binary, pa.types.is_large_string)


class RowDigest:
    """Takes rows as they stream by; each leaf of the schema has a hash of its own, so that no batch's end can be told from it."""

    def __init__(self) -> None:
        self.rows = 0
        self._schema: pa.Schema | None = None
        self._leaves: dict[str, Any] = {}
        self._ended = hashlib.sha256()

    def update(self, batch: pa.RecordBatch) -> None:
        """Adds a batch's rows; one of another schema than the last begins a section of its own."""
        if self._schema is None or not self._schema.equals(batch.schema):
            self._end_section()
            self._schema = batch.schema
        self.rows += batch.num_rows
        for place, column in enumerate(batch.columns):
            self._add(str(place), column)

    def hexdigest(self) -> str:
        """SHA-256 of all so far, 64 hexadecimal digits: of names, types, nulls and values bit by bit, but not of metadata."""
        self._end_section()
        return self._ended.hexdigest()

    def _end_section(self) -> None:
        if self._schema is None:
            return
        plain = self._schema.to_string(show_field_metadata=False, show_schema_metadata=False)
        for words in (plain, *(f"{name} {leaf.hexdigest()}" for name, leaf in sorted(self._leaves.items()))):
            self._ended.update(hashlib.sha256(words.encode()).digest())
        self._schema, self._leaves = None, {}

    def _add(self, place: str, array: pa.Array) -> None:
        kind = array.type
        if pa.types.is_dictionary(kind):
            self._add(place, array.dictionary_decode())
            return
        self._feed(f"{place} valid", array.is_valid().cast(pa.uint8()).to_numpy())
        if pa.types.is_struct(kind):
            for index, child in enumerate(array.flatten()):
                self._add(f"{place}.{index}", child)
        elif pa.types.is_list(kind) or pa.types.is_large_list(kind):
            lengths = pc.fill_null(pc.list_value_length(array).cast(pa.int64()), 0)
            self._feed(f"{place} lengths", lengths.to_numpy())
            self._add(f"{place}.item", array.flatten())
        elif any(is_one(kind) for is_one in BYTES):
            there = array.drop_null().cast(pa.large_binary())
            self._feed(f"{place} lengths", pc.binary_length(there).to_numpy())
            _, offsets, data = there.buffers()
            ends = np.frombuffer(offsets, np.int64)[there.offset : there.offset + len(there) + 1] if len(there) else [0]
            self._feed(place, memoryview(data)[ends[0] : ends[-1]] if data else b"")
        elif pa.types.is_boolean(kind):
            self._feed(place, array.drop_null().cast(pa.uint8()).to_numpy())
        elif pa.types.is_primitive(kind):
            there, width = array.drop_null(), kind.bit_width // 8
            data = there.buffers()[1]
            self._feed(
                place, memoryview(data)[there.offset * width : (there.offset + len(there)) * width] if data else b""
            )
        else:  # of other programs' columns
            for value in array.drop_null().to_pylist():
                self._feed(place, f"{value!r}\n".encode())

    def _feed(self, leaf: str, data: Any) -> None:
        self._leaves.setdefault(leaf, hashlib.sha256()).update(data)
