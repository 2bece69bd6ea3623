"""That each trial stands once in the files that numbers are made from: two writers of one run would double its counts."""

from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path

import duckdb

from safesweep.errors import InputError
from safesweep.lake.layout import has_footer
from safesweep.lake.sql import parquet

MEMORY_LIMIT = "1GiB"


def check_unique(files: Sequence[Path], whose: str) -> None:
    """Raises ``InputError`` that names a trial that stands in more than one row of ``files``, and where. Files without a footer are
    left out; ``whose`` they are is said in the error."""
    whole = [(str(path), path.stat().st_mtime_ns, path.stat().st_size) for path in files if has_footer(path)]
    if whole and (found := _repeated(tuple(whole))):
        count, trial, places = found
        raise InputError(
            f"{whose} holds {count:,} trials more than once, such as {trial} in {' and '.join(places)}: two processes wrote it, or "
            "its files are being put together just now. `safesweep lake check --repair` removes copies; else move the files of one of them "
            "away, and start the run again"
        )


@lru_cache(maxsize=64)
def _repeated(files: tuple[tuple[str, int, int], ...]) -> tuple[int, str, tuple[str, ...]] | None:
    """How many trials stand in several rows, one of them, and its files' names; time and size of a file tell whether it was looked
    into before."""
    table = parquet([Path(path) for path, *_ in files])
    with duckdb.connect(":memory:", config={"memory_limit": MEMORY_LIMIT}) as opened:
        found = opened.execute(
            f"SELECT count(*), count(DISTINCT trial_id) FROM {table} WHERE trial_id IS NOT NULL"
        ).fetchone()
        if found is None or found[0] == found[1]:
            return None
        [row] = opened.execute(
            f"""SELECT count(*), min({{'trial': trial_id, 'files': files}}) FROM (
                    SELECT trial_id, list_sort(list_distinct(list(filename))) AS files FROM {table}
                    WHERE trial_id IS NOT NULL GROUP BY trial_id HAVING count(*) > 1)"""
        ).fetchall()
    return row[0], row[1]["trial"], tuple(Path(path).name for path in row[1]["files"])
