"""That each trial stands once in the files that numbers are made from: two writers of one run would double its counts."""

from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path

import duckdb

from safesweep.errors import InputError
from safesweep.lake.folder import lake_folder
from safesweep.lake.held import held_in
from safesweep.lake.layout import versioned, with_footers
from safesweep.lake.sql import parquet, see_stores

MEMORY_LIMIT = "1GiB"


def check_unique(files: Sequence[Path], whose: str) -> None:
    """Raises ``InputError`` that names a trial that stands in more than one row of ``files``, and where. Files without a footer are
    left out; ``whose`` they are is said in the error."""
    whole = with_footers(files)
    if _any_twice(versioned(whole)):
        count, trial, places = _repeated(whole)
        raise InputError(
            f"{whose} holds {count:,} trials more than once, such as {trial} in {' and '.join(places)}: two processes wrote it, or "
            "its files are being put together just now. `safesweep lake check --repair` removes copies; else move the files of one of them "
            "away, and start the run again"
        )


@lru_cache(maxsize=64)
def _any_twice(files: tuple[tuple[str, str, int], ...]) -> bool:
    # what is remembered of a run's files is this alone: a night looks at several runs in turn, and `held_in` keeps two runs' ids
    trials = held_in([lake_folder(path) for path, *_ in files]).trials
    return len(trials) < trials.rows


def _repeated(files: Sequence[Path]) -> tuple[int, str, tuple[str, ...]]:
    """How many trials stand in several rows, one of them, and its files' names."""
    with duckdb.connect(":memory:", config={"memory_limit": MEMORY_LIMIT}) as opened:
        see_stores(opened)
        [row] = opened.execute(
            f"""SELECT count(*), min({{'trial': trial_id, 'files': files}}) FROM (
                    SELECT trial_id, list_sort(list_distinct(list(filename))) AS files FROM {parquet(files)}
                    WHERE trial_id IS NOT NULL GROUP BY trial_id HAVING count(*) > 1)"""
        ).fetchall()
    return row[0], row[1]["trial"], tuple(Path(path).name for path in row[1]["files"])
