"""Many small files of a run become few: the rows, their order and their schema stay, while others read."""

import datetime
import hashlib
import re
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from safesweep.errors import InputError
from safesweep.files import on_store
from safesweep.lake import exclusive
from safesweep.lake.copies import own_rows
from safesweep.lake.finished import FinishedRun, finished_run, name_in_manifest
from safesweep.lake.layout import files_in, has_footer, sizes, trials_folder
from safesweep.lake.lease import hold, run_place
from safesweep.lake.manifest import Manifest, write_manifest
from safesweep.lake.parquet_files import read_metadata, read_schema
from safesweep.lake.streaming import STAGED, PartWriter, digest_rows, stream_rows

TARGET_MB, GRACE_S = 128.0, 60.0
MB = 1_000_000
MARK = "-compact-"
"""In the name of a file that was made of several."""


class Compacted(NamedTuple):
    """What became of a run."""

    rows: int
    files_before: int
    files_after: int
    removed: int
    """Files that are not there any more, a killed compaction's among them."""


class _Group(NamedTuple):
    """Neighbours that become one file."""

    files: tuple[Path, ...]
    target: Path


def compact(
    lake: str | Path,
    run_id: str,
    target_mb: float = TARGET_MB,
    grace_s: float = GRACE_S,
    *,
    wait_s: float = 0.0,
    clock: Callable[[], float] = time.time,
    sleep: Callable[[float], None] = time.sleep,
) -> Compacted:
    """Puts neighbouring files of a finished run together until each has about ``target_mb`` MB; larger ones stay as they are.

    New files are written under names that no reader takes, read again and held to the old ones by a digest of the rows, and given
    their names; then the manifest names them in one move. The old ones are removed ``grace_s`` seconds later by the same call, which
    holds the run's lease till then. A reader that took the old manifest opens its files one after the other, so they must outlive it:
    nobody knows who reads, so it is a time, and it must be longer than the reading of a run takes. Removal is no second command, for
    the folder holds every row twice meanwhile: who reads by a pattern (``trials/run=R/*.parquet``) counts twice, and a start of the run
    is refused. That state must end by itself. With 0 it ends at once, for a lake that nobody reads.

    Killed at any point and called again it ends as if it had not been: what no manifest names and is a copy, row by row, of what
    one names, is removed, and the rest is done.

    Raises:
        InputError: the run is not finished, damaged, or being written by another process for longer than ``wait_s`` seconds; a file
            that no manifest names holds rows of its own.
        LeaseLostError: another process took this one for dead.
    """
    if not (target_mb > 0 and grace_s >= 0):
        raise InputError(f"target_mb, grace_s: found {target_mb:g} and {grace_s:g}; allowed: above 0, and 0 or above")
    with hold(run_place(lake, run_id), wait_s):
        run = finished_run(lake, run_id)
        removed = _clear(lake, run_id, run, grace_s, clock, sleep)
        groups = _plan(run.files, trials_folder(lake, run_id), target_mb * MB)
        rows = sum(read_metadata(path).num_rows for path in run.files)
        if not groups:
            return Compacted(rows, len(run.files), len(run.files), removed)
        writers: Iterable[PartWriter] = (_write(group, run_id) for group in groups)
        if not on_store(run.files[0]):
            # all are proved before one gets its name; of a store's this machine holds one at a time, for a run may be larger than its disk
            writers = list(writers)
        digests = {writer.path: writer.publish() for writer in writers}
        new = {path: group.target for group in groups for path in group.files}
        files = tuple(dict.fromkeys(new.get(path, path) for path in run.files))
        write_manifest(lake, run_id, _manifest(lake, run_id, run, digests, files, clock()))
        sleep(grace_s)
        for path in new:
            exclusive.remove(path)
        return Compacted(rows, len(run.files), len(files), removed + len(new))


def _plan(files: Sequence[Path], folder: Path, target: float) -> list[_Group]:
    """Neighbours of one schema whose sizes together come to ``target`` bytes; files of other folders may be other runs', too."""
    groups: list[_Group] = []
    waiting: list[Path] = []
    size, schema, known = 0, None, sizes(files)

    def end() -> None:
        nonlocal size
        if len(waiting) > 1:
            groups.append(_Group(tuple(waiting), folder / _name(waiting, known)))
        waiting.clear()
        size = 0

    for path in files:
        own, kind = known[path], read_schema(path)
        if waiting and (size + own > target or not kind.equals(schema)):
            end()
        if own >= target or path.parent != folder:
            end()
            continue
        waiting.append(path)
        size, schema = size + own, kind
    end()
    return groups


def _name(files: Sequence[Path], known: Mapping[Path, int]) -> str:
    """Of the first file's, so that files sorted by name stay in order, and of what all of them are."""
    made_of = " ".join(f"{path.name} {known[path]}" for path in files)
    first = re.sub(f"{MARK}[0-9a-f]{{12}}$", "", files[0].name.removesuffix(".parquet"))
    return f"{first}{MARK}{hashlib.sha256(made_of.encode()).hexdigest()[:12]}.parquet"


def _write(group: _Group, run_id: str) -> PartWriter:
    """Stages the group's file, to be published. Raises ``InputError`` where the rows that were written are not those that were read."""
    with PartWriter(group.target, read_schema(group.files[0])) as writer:
        for path in group.files:
            for batch in stream_rows(path):
                writer.write(batch)
    before, after = digest_rows(*group.files), digest_rows(writer.staged)
    if (before.rows, before.hexdigest()) != (after.rows, after.hexdigest()):
        writer.discard()
        raise InputError(
            f"run_id: run {run_id!r}: {writer.staged.name} holds other rows than the {len(group.files)} files from {group.files[0].name} "
            "on that it was made of; none that the manifest names was changed. Look at the disk, and start again"
        )
    return writer


def _manifest(
    lake: str | Path, run_id: str, run: FinishedRun, digests: Mapping[Path, str], files: Sequence[Path], now: float
) -> Manifest:
    names = {path: name_in_manifest(lake, run_id, path) for path in files}
    known = run.manifest.get("digests") or {}
    new = {names[path]: digest for path, digest in digests.items()}
    return {
        **run.manifest,
        "files": list(names.values()),
        "digests": {name: digest for name, digest in {**known, **new}.items() if name in names.values()},
        "compacted_at": datetime.datetime.fromtimestamp(now, datetime.UTC).isoformat(timespec="seconds"),
    }


def _clear(
    lake: str | Path,
    run_id: str,
    run: FinishedRun,
    grace_s: float,
    clock: Callable[[], float],
    sleep: Callable[[float], None],
) -> int:
    """Removes what a killed compaction has left, old files not before their time; returns how many files."""
    left = files_in(trials_folder(lake, run_id), "", f".parquet{STAGED}")
    for path in run.others:
        own = own_rows(path, run.files) if has_footer(path) else 0
        if own:
            raise InputError(
                f"run_id: run {run_id!r} in {lake}: {path.name} holds {own:,} rows of its own, and the manifest does not name it; "
                f"`safesweep lake check {run_id}` says what to do"
            )
        left.append(path)
    if run.others and (flipped := run.manifest.get("compacted_at")):
        sleep(max(0.0, min(grace_s, datetime.datetime.fromisoformat(flipped).timestamp() + grace_s - clock())))
    for path in left:
        exclusive.remove(path)
    return len(left)
