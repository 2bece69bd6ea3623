"""The reader of the lake: a run's complete files as a table of duckdb's, and single trials with their pictures."""

import difflib
import tempfile
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import duckdb
import pandas as pd

from safesweep.lake.folder import lake_folder, require_inside
from safesweep.lake.layout import part_files, run_ids, with_footers
from safesweep.lake.manifest import named_files
from safesweep.lake.parquet_files import open_parquet
from safesweep.lake.sql import parquet, quoted, see_stores
from safesweep.lake.status import MADE, is_made
from safesweep.lake.unique import check_unique

MEMORY_LIMIT = "1GiB"


class RunFiles(NamedTuple):
    """A run's parquet files."""

    complete: tuple[Path, ...]
    """Those that readers trust."""
    incomplete: tuple[Path, ...]
    """Those left out: not in the manifest, or without a valid footer (a killed writer leaves them)."""


def run_files(lake: str | Path, run_id: str) -> RunFiles:
    """The complete parquet files of a run, and those left out.

    Complete are the files that the manifest names; without a manifest, or without its key "files", those whose footer can be read.

    Raises:
        FileNotFoundError: no such run (the nearest name and all names are given), or a named file is missing.
        InputError: a broken manifest, as `manifest.named_files`; a trial that stands in it twice, as `unique.check_unique`.
    """
    known = run_ids(lake)
    if run_id not in known:
        near = difflib.get_close_matches(run_id, known, n=1)
        hint = f"; did you mean {near[0]!r}?" if near else "."
        raise FileNotFoundError(
            f"no run {run_id!r} in lake {lake_folder(lake)}{hint} Known: {', '.join(known) or 'none'}"
        )
    present = part_files(lake, run_id)
    for path in present:
        require_inside(lake_folder(lake), path, str(path), "allowed: files of the lake")
    named = named_files(lake, run_id)
    complete = with_footers(present) if named is None else named
    check_unique(complete, f"run {run_id!r} in {lake}")
    trusted = {path.resolve() for path in complete}
    return RunFiles(tuple(complete), tuple(path for path in present if path.resolve() not in trusted))


@contextmanager
def connection(
    threads: int | None = None, memory_limit: str = MEMORY_LIMIT, *, ordered: bool = False
) -> Iterator[duckdb.DuckDBPyConnection]:
    """A duckdb of its own, closed at the end.

    Args:
        threads: duckdb's; None for all cores.
        memory_limit: duckdb's own, such as "1GiB"; the rest spills to a temporary folder.
        ordered: whether a query that names no order keeps that of the files, which takes more memory.
    """
    with tempfile.TemporaryDirectory(prefix="safesweep-") as spill:
        config: dict[str, Any] = {
            "memory_limit": memory_limit,
            "temp_directory": spill,
            "preserve_insertion_order": ordered,
        }
        if threads is not None:
            config["threads"] = threads
        opened = duckdb.connect(":memory:", config=config)
        try:
            see_stores(opened)
            yield opened
        finally:
            opened.close()


def source(files: Sequence[Path]) -> str:
    """One or more parquet files as a parenthesised SELECT of their trials.

    A failed trial's evidence is NULL: nothing that its scorers may have left behind is to be judged.
    """
    return f"(SELECT * REPLACE (CASE WHEN {is_made()} THEN evidence END AS evidence) FROM {parquet(files)})"


def read_columns(opened: duckdb.DuckDBPyConnection, table: str, columns: Sequence[str] | None = None) -> pd.DataFrame:
    """Rows of `source`, or of a SELECT from it, in no particular order; no pictures unless they are named, and never previews.

    Args:
        opened: of `connection`.
        table: a table name or a parenthesised SELECT.
        columns: which; None for all but those that hold bytes.

    Raises:
        ValueError: a column that the table lacks; the message has those that it has.
    """
    types = dict(opened.execute(f"SELECT column_name, column_type FROM (DESCRIBE FROM {table})").fetchall())
    unknown = [name for name in columns or () if name not in types]
    if unknown:
        raise ValueError(f"unknown columns {unknown}; known: {', '.join(types)}")
    wanted = [name for name in types if types[name] != "BLOB"] if columns is None else list(columns)
    chosen = ", ".join(_without_preview(name) if name == "exchanges" else quoted(name) for name in wanted)
    return opened.execute(f"SELECT {chosen} FROM {table}").df()


def read_whole_trials(
    opened: duckdb.DuckDBPyConnection, files: Sequence[Path], trial_ids: str, columns: Collection[str]
) -> Iterator[dict[str, Any]]:
    """Single trials with all that they hold, pictures and previews too, few at a time.

    Args:
        opened: of `connection`.
        files: the run's.
        trial_ids: a SELECT of one column: which. A trial that stands in several rows is read once.
        columns: of `schema.SCHEMA`.

    Yields:
        Column -> value, and "status"; a failed trial's evidence is None, as in `source`.
    """
    found = opened.execute(
        f"""SELECT spot.file, list(spot.row) FROM (
                SELECT min({{'file': filename, 'row': file_row_number}}) AS spot
                FROM {parquet(files)} WHERE trial_id IN ({trial_ids}) GROUP BY trial_id)
            GROUP BY spot.file ORDER BY spot.file"""
    ).fetchall()
    for path, numbers in found:
        for row in _rows(path, numbers, [*dict.fromkeys([*columns, "status"])]):
            yield row if row["status"] == MADE or "evidence" not in row else {**row, "evidence": None}


def _without_preview(name: str) -> str:
    fields = ("step", "question", "answer", "terms", "seconds")
    kept = ", ".join(f"'{field}': x.{field}" for field in fields)
    return f"list_transform({quoted(name)}, lambda x: {{{kept}}}) AS {quoted(name)}"


def _rows(path: str, numbers: Sequence[int], columns: list[str]) -> Iterator[dict[str, Any]]:
    """Rows of a file by number; duckdb would decode every picture of the file to find some."""
    with open_parquet(path, pre_buffer=False, buffer_size=1 << 20) as file:
        first = 0
        for group in range(file.num_row_groups):
            last = first + file.metadata.row_group(group).num_rows
            inside = {number - first for number in numbers if first <= number < last}
            start = 0
            for batch in file.iter_batches(16, [group], columns, use_threads=False) if inside else ():
                wanted = [number - start for number in sorted(inside) if start <= number < start + len(batch)]
                yield from batch.take(wanted).to_pylist() if wanted else ()
                start += len(batch)
                if start > max(inside):
                    break
            first = last
