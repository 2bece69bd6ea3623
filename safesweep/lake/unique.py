"""That each trial stands once in the files that numbers are made from: two writers of one run would double its counts."""

from collections.abc import Sequence
from pathlib import Path

import duckdb

from safesweep.errors import InputError
from safesweep.lake.held import held_in
from safesweep.lake.layout import with_footers
from safesweep.lake.sql import parquet, see_stores

MEMORY_LIMIT = "1GiB"


def check_unique(files: Sequence[Path], whose: str) -> None:
    """Raises ``InputError`` that names a trial that stands in more than one row of ``files``, and where. Files without a footer are
    left out; ``whose`` they are is said in the error."""
    trials = held_in(files).trials
    if len(trials) < trials.rows:
        count, trial, places = _repeated(with_footers(files))
        raise InputError(
            f"{whose} holds {count:,} trials more than once, such as {trial} in {' and '.join(places)}: two processes wrote it, or "
            "its files are being put together just now. `safesweep lake check --repair` removes copies; else move the files of one of them "
            "away, and start the run again"
        )


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
