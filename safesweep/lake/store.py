"""The lake's writing side: where a run's files lie, what is in them already, and the manifest that names them."""

import json
import os
import tempfile
from collections import Counter
from pathlib import Path
from typing import Any, NamedTuple

import pyarrow as pa
import pyarrow.parquet as pq

from safesweep.errors import InputError


class Held(NamedTuple):
    """What a run's files hold."""

    trials: Counter[str]
    """trial_id -> rows; more than one row a trial is a defect."""
    unscored: int


class RunStore:
    """One run's place in the lake."""

    def __init__(self, lake: Path, run_id: str) -> None:
        self.lake, self.run_id = lake, run_id
        self.folder = lake / "trials" / f"run={run_id}"
        self.manifest_path = lake / "runs" / f"{run_id}.json"

    def check_writable(self) -> None:
        """Raises ``InputError`` when the lake cannot be made or written to; leaves nothing behind."""
        nearest = next(parent for parent in (self.lake, *self.lake.absolute().parents) if parent.exists())
        if not nearest.is_dir():
            raise InputError(f"lake: {nearest} is a file; allowed: a folder that can be made or written to")
        try:
            with tempfile.TemporaryFile(dir=nearest):
                return
        except OSError as error:
            raise InputError(f"lake: cannot write to {nearest}: {error.strerror or error}") from error

    def files(self) -> list[Path]:
        """The run's parquet files, sorted."""
        return sorted(self.folder.glob("part-*.parquet"))

    def remove_incomplete(self) -> list[Path]:
        """Removes files without a valid footer, which a killed writer leaves, and returns them."""
        broken = []
        for path in self.files():
            try:
                pq.read_metadata(path)
            except (pa.ArrowInvalid, OSError):
                path.unlink()
                broken.append(path)
        return broken

    def held(self) -> Held:
        """The trials in the run's files; only two small columns are read."""
        trials: Counter[str] = Counter()
        unscored = 0
        for path in self.files():
            try:
                table = pq.read_table(path, columns=["trial_id", "status"], partitioning=None)
            except pa.ArrowInvalid:
                continue  # no footer: not a file that readers trust
            trials.update(table["trial_id"].to_pylist())
            unscored += table["status"].to_pylist().count("unscored")
        return Held(trials, unscored)

    def rows_so_far(self) -> int:
        """Rows in the files that are complete; cheap enough to be asked again and again while others write."""
        rows = 0
        for path in self.files():
            try:
                rows += pq.read_metadata(path).num_rows
            except (pa.ArrowInvalid, OSError):
                continue
        return rows

    def write_manifest(self, content: dict[str, Any]) -> None:
        """Publishes the manifest in one move, so that a reader sees the old one or the new one."""
        self.manifest_path.parent.mkdir(parents=True, exist_ok=True)
        fresh = self.manifest_path.with_suffix(".json.new")
        fresh.write_text(json.dumps(content, indent=2, ensure_ascii=False, default=str) + "\n")
        os.replace(fresh, self.manifest_path)

    def manifest(self) -> dict[str, Any] | None:
        """The run's manifest, if it was started before."""
        if not self.manifest_path.exists():
            return None
        content: dict[str, Any] = json.loads(self.manifest_path.read_text())
        return content
