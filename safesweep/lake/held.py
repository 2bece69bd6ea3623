"""What a run's files hold: which trials, and which of them could not be made."""

from collections.abc import Iterator, Sequence
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

import pyarrow.compute as pc

from safesweep.lake.folder import lake_folder
from safesweep.lake.layout import versioned, with_footers
from safesweep.lake.parquet_files import open_parquet
from safesweep.lake.status import FAILED, REFUSED
from safesweep.lake.trial_ids import TrialIds


class Held(NamedTuple):
    """What a run's files hold."""

    trials: TrialIds
    """More rows than trials are a defect."""
    failed: TrialIds
    """Those that could not be made."""
    refused: int = 0
    """Rows of trials that a service refused to draw; they are done."""

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


class FileIds(NamedTuple):
    """Trials of one file."""

    trials: list[str]
    failed: list[str]
    refused: int


def ids_in(path: Path) -> FileIds:
    """The ids of a file's trials, of those that could not be made, and how many were refused. A file of other programs may lack columns."""
    with open_parquet(path) as file:
        there = [name for name in ("trial_id", "status") if name in file.schema_arrow.names]
        table = file.read(columns=there)
    if "trial_id" not in there:
        return FileIds([], [], 0)
    table = table.filter(pc.is_valid(table["trial_id"]))
    if "status" not in there:
        return FileIds(table["trial_id"].to_pylist(), [], 0)
    failed = table.filter(pc.equal(table["status"], FAILED))
    refused = pc.sum(pc.equal(table["status"], REFUSED)).as_py() or 0
    return FileIds(table["trial_id"].to_pylist(), failed["trial_id"].to_pylist(), int(refused))


@lru_cache(maxsize=2)
def _held(files: tuple[tuple[str, str, int], ...]) -> Held:
    found: list[FileIds] = []

    def ids() -> Iterator[list[str]]:
        for path, *_ in files:
            one = ids_in(lake_folder(path))
            found.append(one._replace(trials=[]))
            yield one.trials

    trials = TrialIds(ids())
    return Held(trials, TrialIds(one.failed for one in found), sum(one.refused for one in found))
