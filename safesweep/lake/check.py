"""Is a lake whole? What is missing, damaged, double or left over in it, each with what to do, and the repairs that lose nothing."""

from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import NamedTuple

import duckdb
import pyarrow as pa

from safesweep.errors import InputError
from safesweep.files import file_sha256, on_store
from safesweep.lake import exclusive
from safesweep.lake.copies import own_rows
from safesweep.lake.finished import name_in_manifest
from safesweep.lake.folder import lake_folder
from safesweep.lake.layout import (
    attempts_folder,
    existing,
    files_in,
    has_footer,
    manifest_path,
    part_files,
    run_ids,
    trials_folder,
)
from safesweep.lake.lease import Lease, hold, run_place
from safesweep.lake.manifest import Manifest, NamedFiles, locate_files, read_manifest, write_manifest
from safesweep.lake.parquet_files import read_metadata
from safesweep.lake.progress import progress_path
from safesweep.lake.reader import connection
from safesweep.lake.sql import parquet
from safesweep.lake.stores import store_failure
from safesweep.lake.streaming import STAGED, stream_rows

WRITERS = (".lease", ".progress")
"""What the names of files beside the manifest end in that are a writing process's own."""
AGAIN = "start the run again with its configuration, which makes what is missing"


class Finding(NamedTuple):
    """One thing that is not as it should be."""

    run_id: str
    what: str
    """The file and the cause."""
    advice: str
    """What to do."""
    mend: Callable[[], None] | None = None
    """Does it; None where that is not safe: a row might be lost, or only a person can know. The run's lease is to be held."""

    def __str__(self) -> str:
        return f"{self.run_id}: {self.what}; {self.advice}"


class Checked(NamedTuple):
    """What a check came to."""

    runs: int
    busy: tuple[str, ...]
    """Runs that were left out, since another process writes them."""
    mended: tuple[Finding, ...]
    left: tuple[Finding, ...]


def check(lake: str | Path, runs: Sequence[str] = (), *, repair: bool = False, quick: bool = False) -> Checked:
    """Checks runs, by default all of the lake.

    Args:
        lake: the lake's place.
        runs: their names.
        repair: mend what can be mended without losing the only copy of a row; each run's lease is held meanwhile.
        quick: look at names, footers and ids alone; else every file is read to its end and held to its digest where it has one.

    Raises ``InputError`` for a run that is not there.
    """
    known = _known(lake)
    for run_id in runs:
        if run_id not in known:
            raise InputError(f"run_id: no run {run_id!r} in lake {lake}; known: {', '.join(known) or 'none'}")
    busy: list[str] = []
    mended: list[Finding] = []
    left: list[Finding] = []
    chosen = list(runs) or known
    for run_id in chosen:
        lease = Lease(run_place(lake, run_id))
        holder = lease.holder()
        if holder is not None:
            if lease.alive(holder):
                busy.append(run_id)
                continue
            dead = f"{lease.path.name}: process {holder.pid} on {holder.host} holds it, which is not there any more"
            (mended if repair else left).append(
                Finding(run_id, dead, "the run's next start takes it, --repair removes it")
            )
        if not repair:
            left += find(lake, run_id, quick=quick)
            continue
        with hold(run_place(lake, run_id)):
            for finding in find(lake, run_id, quick=quick):
                if finding.mend is not None:
                    finding.mend()
                (left if finding.mend is None else mended).append(finding)
    return Checked(len(chosen), tuple(busy), tuple(mended), tuple(left))


def _known(lake: str | Path) -> list[str]:
    root = lake_folder(lake)
    beside = [path.name.removesuffix(end) for end in WRITERS for path in files_in(root / "runs", "", end)]
    attempts = [path.name.removeprefix("run=") for path in files_in(root / "attempts", "", "")]
    return sorted({*run_ids(lake), *attempts, *beside})


def find(lake: str | Path, run_id: str, *, quick: bool = False) -> Iterator[Finding]:
    """What is not as it should be in one run; each finding is looked for after the one before it was mended."""
    yield from _strays(lake, run_id)
    try:
        manifest = read_manifest(lake, run_id)
        named = _named(lake, run_id)
    except InputError as error:
        yield Finding(run_id, str(error), "write it anew from a copy, or move it away and start the run again")
        return
    present = part_files(lake, run_id)
    if manifest is None:
        if present:
            yield Finding(run_id, f"{trials_folder(lake, run_id).name} has trials, and the run no manifest", AGAIN)
    elif manifest.get("status") == "running":
        yield Finding(
            run_id, f"{manifest_path(lake, run_id).name}: says that it is running, and no process writes it", AGAIN
        )
    for name in named.missing:
        yield Finding(
            run_id, f"{name}: the manifest names it, and it is not there", f"bring it back from a copy, or {AGAIN}"
        )
    whole = [path for path in named.there if has_footer(path)]
    names_files = bool(named.there or named.missing)
    sound = list(whole) if names_files else [path for path in present if has_footer(path)]
    for path in named.there:
        if path not in whole:
            yield Finding(run_id, f"{path.name}: has no valid footer", f"bring it back from a copy, or {AGAIN}")
        elif not quick and (cause := _damage(path, (manifest or {}).get("digests") or {}, lake, run_id)):
            yield Finding(run_id, f"{path.name}: {cause}", f"bring it back from a copy, or remove it and {AGAIN}")
            sound.remove(path)  # what it holds a copy of may be all that is left
    try:
        yield from _others(run_id, [path for path in present if path not in named.there], sound, names_files)
        yield from _doubles(lake, run_id, manifest, sound)
        yield from _attempts(lake, run_id, sound)
    except duckdb.Error as error:
        yield Finding(
            run_id, f"its files cannot be read: {error}", "check it without --quick, which names the damaged one"
        )
    whole, there = existing(whole), existing(named.there)
    complete = not named.missing and all(path in whole for path in there)
    yield from _counts(lake, run_id, manifest, whole, complete=complete)


def _named(lake: str | Path, run_id: str) -> NamedFiles:
    return locate_files(lake, run_id) or NamedFiles([], [])


def _damage(path: Path, digests: dict[str, str], lake: str | Path, run_id: str) -> str | None:
    wanted = digests.get(name_in_manifest(lake, run_id, path))
    if wanted is not None:
        return None if file_sha256(path) == wanted else "its content is another than the manifest's digest says"
    try:
        for _ in stream_rows(path):
            pass
    except (pa.ArrowException, OSError) as error:
        if on_store(path) and store_failure(error) is not None:
            raise
        return f"cannot be read to its end ({type(error).__name__})"
    return None


def _strays(lake: str | Path, run_id: str) -> Iterator[Finding]:
    """What a killed writer had not given its name yet; what it was to replace, or was made of, is still there. And how far it was."""
    folders = trials_folder(lake, run_id), attempts_folder(lake, run_id)
    found = [path for folder in folders for path in files_in(folder, "", STAGED)]
    manifest, progress = manifest_path(lake, run_id), progress_path(lake, run_id)
    fresh = [path.with_name(f"{path.name}{STAGED}") for path in (manifest, progress) if not on_store(path)]
    found += [path for path in (*fresh, progress) if exclusive.read(path) is not None]
    for path in found:
        yield _left_over(run_id, path, f"{path.name}: a killed writer left it")


def _left_over(run_id: str, path: Path, what: str) -> Finding:
    """A finding whose repair is that the file goes."""
    return Finding(run_id, what, "--repair removes it", partial(exclusive.remove, path))


def _others(run_id: str, others: Sequence[Path], trusted: Sequence[Path], named: bool) -> Iterator[Finding]:
    """Part files that are not trusted. Without a manifest that names files all whole ones are."""
    for path in others:
        if not has_footer(path):
            yield _left_over(run_id, path, f"{path.name}: has no valid footer, a killed writer left it")
        elif named and (own := own_rows(path, trusted)):
            yield Finding(
                run_id,
                f"{path.name}: the manifest does not name it, and {own:,} of its rows are in no file that it names",
                "start the run again with its configuration, which takes it up, or move it away",
            )
        elif named:
            what = f"{path.name}: the manifest does not name it, and every row of it is in a file that it names"
            yield _left_over(run_id, path, what)


def _doubles(lake: str | Path, run_id: str, manifest: Manifest | None, trusted: Sequence[Path]) -> Iterator[Finding]:
    left = list(trusted)
    for _ in trusted:
        found = _doubled(left)
        if found is None:
            return
        trial, names = found
        what = f"{' and '.join(names)}: trial {trial} stands in it twice" if len(names) == 1 else None
        what = what or f"{' and '.join(names)}: trial {trial} stands in both"
        copy = next((path for path in left if path.name in names and own_rows(path, left) == 0), None)
        if copy is None:
            yield Finding(
                run_id, what, "two processes wrote it: move the files of one of them away, and start the run again"
            )
            return
        left.remove(copy)
        kept = list(left)

        def mend(copy: Path = copy, kept: Sequence[Path] = kept) -> None:
            if manifest and manifest.get("files"):
                names = [name_in_manifest(lake, run_id, path) for path in kept]
                current = read_manifest(lake, run_id) or {}
                write_manifest(lake, run_id, {**current, "files": names})
            exclusive.remove(copy)

        yield Finding(run_id, what, f"--repair removes {copy.name}, of which every row is elsewhere, too", mend)


def _doubled(files: Sequence[Path]) -> tuple[str, list[str]] | None:
    """A trial that stands in several rows, and the names of the files that it is in."""
    if not files:
        return None
    with connection() as opened:
        found = opened.execute(
            f"""SELECT trial_id, list_sort(list_distinct(list(filename))) FROM {parquet(files)}
                GROUP BY trial_id HAVING count(*) > 1 ORDER BY trial_id LIMIT 1"""
        ).fetchall()
    return (found[0][0], [path.rpartition("/")[2] for path in found[0][1]]) if found else None


def _counts(
    lake: str | Path, run_id: str, manifest: Manifest | None, trusted: Sequence[Path], *, complete: bool
) -> Iterator[Finding]:
    """Numbers of the manifest against its files; they are set right only where all of these are there and whole."""
    if manifest is None or not manifest.get("files") or not complete:
        return
    held = sum(read_metadata(path).num_rows for path in trusted)
    said, expected = manifest.get("held_trials"), manifest.get("expected_trials")
    if said is not None and said != held:

        def mend() -> None:
            now = sum(read_metadata(path).num_rows for path in _named(lake, run_id).there)
            status = "complete" if expected is not None and now >= expected else "incomplete"
            current = read_manifest(lake, run_id) or {}
            write_manifest(lake, run_id, {**current, "held_trials": now, "status": status})

        name = manifest_path(lake, run_id).name
        yield Finding(
            run_id,
            f"{name}: says that {said:,} trials are held, its files hold {held:,}",
            "--repair writes their number",
            mend,
        )
    if expected is not None and held < expected:
        yield Finding(run_id, f"{expected - held:,} of {expected:,} trials are in none of the manifest's files", AGAIN)


def _attempts(lake: str | Path, run_id: str, files: Sequence[Path]) -> Iterator[Finding]:
    """Rows of failed trials are set aside before they are made again; a kill meanwhile leaves them in both places."""
    folder = attempts_folder(lake, run_id)
    for path in files_in(folder, "", ""):
        if path.name.endswith(STAGED):
            continue
        where = f"{folder.parent.name}/{folder.name}/{path.name}"
        if not has_footer(path):
            yield _left_over(run_id, path, f"{where}: has no valid footer, a killed writer left it")
        elif not files:
            yield Finding(run_id, f"{where}: holds attempts of a run that has no trials", AGAIN)
        elif own_rows(path, files) == 0:
            what = f"{where}: every row of it still stands in the run, for setting it aside was killed"
            yield _left_over(run_id, path, what)
