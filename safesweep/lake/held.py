"""What a run's files hold: which trials, and which of them could not be made."""

from collections.abc import Iterator, Sequence
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

import pyarrow.compute as pc

from safesweep.lake.folder import lake_folder
from safesweep.lake.layout import versioned, with_footers
from safesweep.lake.parquet_files import open_parquet
from safesweep.lake.trial_ids import TrialIds


class Held(NamedTuple):
    """What a run's files hold."""

    trials: TrialIds
    """More rows than trials are a defect."""
    failed: TrialIds
    """Those that could not be made."""

    @property
    def unscored(self) -> int:
        """Rows of trials that could not be made."""
        return self.failed.rows

    def kept(self, retry_failed: bool) -> TrialIds:
        """Trials that stay as they are when the run is started again."""
        return self.trials.less(self.failed) if retry_failed and len(self.failed) else self.trials


def held_in(files: Sequence[Path]) -> Held:
    """The trials of files; only two small columns are read, and once until a file is another. Those without a footer are left out."""
    return _held(versioned(with_footers(files)))


def ids_in(path: Path) -> tuple[list[str], list[str]]:
    """The ids of a file's trials, and of those that could not be made. A file of other programs may lack either column."""
    with open_parquet(path) as file:
        there = [name for name in ("trial_id", "status") if name in file.schema_arrow.names]
        table = file.read(columns=there)
    if "trial_id" not in there:
        return [], []
    table = table.filter(pc.is_valid(table["trial_id"]))
    failed = table.filter(pc.equal(table["status"], "unscored")) if "status" in there else table.slice(0, 0)
    return table["trial_id"].to_pylist(), failed["trial_id"].to_pylist()


@lru_cache(maxsize=2)
def _held(files: tuple[tuple[str, str, int], ...]) -> Held:
    failed: list[list[str]] = []

    def ids() -> Iterator[list[str]]:
        for path, *_ in files:
            found, of_failed = ids_in(lake_folder(path))
            failed.append(of_failed)
            yield found

    return Held(TrialIds(ids()), TrialIds(failed))
