"""What became of a run: against the same run undisturbed, and what it has left behind."""

import time
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.rain.nodes import OF_A_RUN, Nodes
from safesweep.files import on_store
from safesweep.lake.check import check
from safesweep.lake.folder import lake_folder
from safesweep.lake.layout import part_files
from safesweep.lake.parquet_files import read_table
from safesweep.lake.stores import store_of

COLUMNS = ["trial_id", "status", "picture", "evidence"]
SETTLES_S = 60.0
"""In which the workers of a run that has ended must be gone."""
Row = Mapping[str, Any]


@dataclass(frozen=True)
class Verdict:
    """Counts of what must not be."""

    trials: int
    """In the lake."""
    missing: int
    """Trials that the undisturbed run has and this one has not, or has without a picture."""
    double: int
    """Rows beyond one a trial."""
    different: int
    """Trials with another picture, or that the undisturbed run has not."""
    untrue: int
    """Rows that say that they are fine and lack a picture or a scorer's evidence, and failed ones that have some."""


def rows_of(lake: str, run_id: str) -> list[Row]:
    """All rows of a run."""
    return [row for path in part_files(lake, run_id) for row in read_table(path, COLUMNS).to_pylist()]


def compare(rows: Sequence[Row], wanted: Sequence[Row]) -> Verdict:
    """A run's rows against the undisturbed run's."""
    pictures = {row["trial_id"]: row["picture"] for row in wanted}
    scorers = {one["scorer"] for row in wanted for one in row["evidence"]}
    counted = Counter(row["trial_id"] for row in rows)
    made = {row["trial_id"]: row["picture"] for row in rows if row["picture"] is not None}
    return Verdict(
        trials=len(rows),
        missing=len(pictures.keys() - made.keys()),
        double=sum(counted.values()) - len(counted),
        different=sum(picture != pictures.get(trial) for trial, picture in made.items()),
        untrue=sum(not _true(row, scorers) for row in rows),
    )


def _true(row: Row, scorers: set[str]) -> bool:
    if row["status"] != "ok":
        return row["picture"] is None and not row["evidence"]
    measured = [one["scorer"] for one in row["evidence"] if one["error"] is None]
    return row["picture"] is not None and sorted(measured) == sorted(scorers)


def left_in_lake(lake: str, run_id: str) -> list[str]:
    """What the lake's check finds of the run, and files of the lake that are no trials, attempts or manifests."""
    found = [str(finding) for finding in check(lake, [run_id], quick=True).left]
    return [*found, *(name for name in _files(lake) if not name.endswith((".parquet", ".json")))]


def _files(lake: str) -> Iterable[str]:
    place = lake_folder(lake)
    if on_store(place):
        store, root = store_of(place)
        return [str(name) for name in store.find(root)]
    return [str(path) for path in place.rglob("*") if path.is_file()]


def left_on_cluster(nodes: Nodes) -> list[str]:
    """Workers of runs, and Serve's applications, that are still there when a run has ended and had time to settle."""
    deadline = time.monotonic() + SETTLES_S
    while True:
        left = [f"{kind} {one.pid}" for kind in OF_A_RUN for one in nodes.workers(kind)]
        left = left or (_applications() if nodes.workers("serve_controller") else [])
        if not left or time.monotonic() > deadline:
            return left
        time.sleep(0.5)


def _applications() -> list[str]:
    from ray import serve

    return [f"application {name}" for name in serve.status().applications]


def left_in_folder(folder: Path) -> list[str]:
    """Files in a folder for temporary ones."""
    return [str(path) for path in folder.rglob("*") if not path.is_dir()]
