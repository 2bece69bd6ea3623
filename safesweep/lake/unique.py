"""That each trial stands once in the files that numbers are made from: two writers of one run would double its counts."""

from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path

import duckdb

from safesweep.errors import InputError
from safesweep.lake.folder import lake_folder
from safesweep.lake.layout import with_footers
from safesweep.lake.sql import parquet, see_stores
from safesweep.lake.stores import versions

MEMORY_LIMIT = "1GiB"


def check_unique(files: Sequence[Path], whose: str) -> None:
    """Raises ``InputError`` that names a trial that stands in more than one row of ``files``, and where. Files without a footer are
    left out; ``whose`` they are is said in the error."""
    listed = versions(files)
    whole = [(str(path), *(listed.get(path) or _version(path))) for path in with_footers(files)]
    if whole and (found := _repeated(tuple(whole))):
        count, trial, places = found
        raise InputError(
            f"{whose} holds {count:,} trials more than once, such as {trial} in {' and '.join(places)}: two processes wrote it, or "
            "its files are being put together just now. `safesweep lake check --repair` removes copies; else move the files of one of them "
            "away, and start the run again"
        )


def _version(path: Path) -> tuple[str, int]:
    """Time of the last change, and size, bytes."""
    found = path.stat()
    return str(found.st_mtime_ns), found.st_size


@lru_cache(maxsize=64)
def _repeated(files: tuple[tuple[str, str, int], ...]) -> tuple[int, str, tuple[str, ...]] | None:
    """How many trials stand in several rows, one of them, and its files' names; time and size of a file tell whether it was looked
    into before."""
    table = parquet([lake_folder(path) for path, *_ in files])
    with duckdb.connect(":memory:", config={"memory_limit": MEMORY_LIMIT}) as opened:
        see_stores(opened)
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
