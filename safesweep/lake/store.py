"""The lake's writing side: what a run's files hold already, which of them a killed writer left, and the manifest that names the rest."""

import tempfile
import uuid
from collections.abc import Mapping
from contextlib import suppress
from hashlib import sha256
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc

from safesweep.errors import InputError
from safesweep.files import make_folder, on_store
from safesweep.lake.folder import lake_folder
from safesweep.lake.held import Held, held_in
from safesweep.lake.layout import attempts_folder, manifest_path, part_files, trials_folder, with_footers
from safesweep.lake.manifest import Manifest, read_manifest, write_manifest
from safesweep.lake.parquet_files import read_metadata, read_table
from safesweep.lake.parquet_files import replace_rows as replace_rows
from safesweep.lake.status import FAILED
from safesweep.lake.stores import OWN_PROCESS, failures, scheme_of, store_of


class RunStore:
    """One run's place in the lake."""

    def __init__(self, lake: Path, run_id: str) -> None:
        self.lake, self.run_id = lake_folder(lake), run_id
        self.folder = trials_folder(lake, run_id)
        self.attempts_folder = attempts_folder(lake, run_id)
        self.manifest_path = manifest_path(lake, run_id)
        self._counted: dict[str, int] = {}
        """A store's file -> its rows: those that are there do not change while a run is written."""

    def check_writable(self) -> None:
        """Raises ``InputError`` when the lake cannot be made or written to; leaves nothing behind."""
        if on_store(self.lake):
            self._check_store()
            return
        nearest = next(parent for parent in (self.lake, *self.lake.absolute().parents) if parent.exists())
        if not nearest.is_dir():
            raise InputError(f"lake: {nearest} is a file; allowed: a folder that can be made or written to")
        try:
            with tempfile.TemporaryFile(dir=nearest):
                return
        except OSError as error:
            raise InputError(f"lake: cannot write to {nearest}: {error.strerror or error}") from error

    def _check_store(self) -> None:
        if scheme_of(str(self.lake)) == OWN_PROCESS:
            raise InputError(
                f"lake: {self.lake}: the workers of a run are other processes, which do not see this one's memory"
            )
        probe = self.lake / "runs" / f"writable-{uuid.uuid4().hex}"
        store, name = store_of(probe)
        try:
            store.pipe_file(name, b"")
            store.rm_file(name)
        except failures() as error:
            raise InputError(f"lake: cannot write to {self.lake}: {error}") from error

    def files(self) -> list[Path]:
        """The run's parquet files, sorted."""
        return part_files(self.lake, self.run_id)

    def remove_incomplete(self) -> list[Path]:
        """Removes files without a valid footer, which a killed writer leaves, and returns them."""
        files = self.files()
        whole = set(with_footers(files))
        broken = [path for path in files if path not in whole]
        for path in broken:
            path.unlink()
        return broken

    def held(self) -> Held:
        """The trials in the run's files."""
        return held_in(self.files())

    def set_aside_failed(self) -> int:
        """Moves the rows of trials that failed to ``attempts_folder``, that they can be made again; returns how many there were.

        Killed at any point and called again it ends as if it had not been: a row is in both places for a while, and is written over.
        """
        count = 0
        for path in self.files():
            status = read_table(path, ["trial_id", "status"])
            failed = pc.equal(status["status"], FAILED)
            if not pc.any(failed).as_py():
                continue
            rows = read_table(path)
            aside, left = rows.filter(failed), rows.filter(pc.invert(failed))
            names = " ".join(sorted(aside["trial_id"].to_pylist()))
            make_folder(self.attempts_folder)
            replace_rows(self.attempts_folder / f"{path.stem}-{sha256(names.encode()).hexdigest()[:12]}.parquet", aside)
            replace_rows(path, left)
            count += len(aside)
        return count

    def holders(self, trials: set[str]) -> dict[str, tuple[str, str, int, int]]:
        """Of these trials that are held: prompt set, source, row and sample index of the row that each was made for."""
        found = {}
        names = ["trial_id", "prompt_set", "source", "prompt_row", "sample_index"]
        for path in self.files() if trials else ():
            try:
                table = read_table(path, names, filters=[("trial_id", "in", trials)])
            except pa.ArrowInvalid:
                continue  # no footer: not a file that readers trust
            for row in table.to_pylist():
                found[row["trial_id"]] = (row["prompt_set"], row["source"], row["prompt_row"], row["sample_index"])
        return found

    def rows_so_far(self) -> int:
        """Rows in the files that are complete; cheap enough to be asked again and again while others write."""
        if on_store(self.folder):
            return self._rows_in_store()
        rows = 0
        for path in self.files():
            try:
                rows += read_metadata(path).num_rows
            except (pa.ArrowInvalid, OSError):
                continue
        return rows

    def _rows_in_store(self) -> int:
        # where it is out of reach for a while, those who write say so
        with suppress(pa.ArrowInvalid, *failures()):
            for path in self.files():
                if str(path) not in self._counted:
                    self._counted[str(path)] = read_metadata(path).num_rows
        return sum(self._counted.values())

    def write_manifest(self, content: Mapping[str, object]) -> None:
        """Publishes the run's manifest in one move; its keys are `manifest.Manifest`'s."""
        write_manifest(self.lake, self.run_id, content)

    def manifest(self) -> Manifest | None:
        """The run's manifest, if it was started before. Raises ``InputError`` when it is broken."""
        return read_manifest(self.lake, self.run_id)
