"""Whether a file's rows stand elsewhere, too, so that it may go without a row being lost."""

from collections.abc import Sequence
from pathlib import Path

import pyarrow as pa

from safesweep.lake.parquet_files import read_metadata, read_schema
from safesweep.lake.reader import connection
from safesweep.lake.sql import parquet, quoted


def own_rows(file: Path, others: Sequence[Path]) -> int:
    """How many rows of ``file`` no other of these files holds, all their columns compared, pictures and nested ones by MD5.

    A row that stands in ``file`` twice must stand in the others twice. All files must have footers.
    """
    schema = read_schema(file)
    others = [other for other in others if other != file]
    known = [set(read_schema(other).names) for other in others]
    if not others or not all(set(schema.names) <= names for names in known):
        return int(read_metadata(file).num_rows)
    keys = ", ".join(_key(field) for field in schema)
    with connection() as opened:
        [(count,)] = opened.execute(
            f"""SELECT count(*) FROM (
                    SELECT {keys} FROM {parquet([file])}
                    EXCEPT ALL
                    SELECT {keys} FROM {parquet(others)} WHERE trial_id IN (SELECT trial_id FROM {parquet([file])}))"""
        ).fetchall()
    return int(count)


def _key(field: pa.Field) -> str:
    name = quoted(field.name)
    if pa.types.is_binary(field.type) or pa.types.is_large_binary(field.type):
        return f"md5({name})"
    return f"md5(CAST({name} AS VARCHAR))" if pa.types.is_nested(field.type) else name
