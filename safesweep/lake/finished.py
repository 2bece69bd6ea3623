"""A run that is finished: its manifest names its files, and what it may be asked to be besides."""

from pathlib import Path
from typing import NamedTuple

from safesweep.errors import InputError
from safesweep.lake.folder import lake_folder
from safesweep.lake.layout import trials_folder, with_footers
from safesweep.lake.manifest import Manifest, read_manifest
from safesweep.lake.reader import run_files


class FinishedRun(NamedTuple):
    """What its manifest says, and where its files are."""

    manifest: Manifest
    files: tuple[Path, ...]
    """Those that the manifest names, in its order."""
    others: tuple[Path, ...]
    """Part files of the run that it does not name."""


def finished_run(lake: str | Path, run_id: str) -> FinishedRun:
    """A run's manifest and files.

    Raises ``InputError`` for a run that is not there, has no manifest or one that names no file, as one that is being made, and for
    a named file that is gone or damaged, and a trial that stands in them twice.
    """
    try:
        files = run_files(lake, run_id)
        manifest = read_manifest(lake, run_id)
    except FileNotFoundError as error:
        raise InputError(f"run_id: {error}") from error
    where = f"run_id: run {run_id!r} in {lake}"
    if manifest is None or not manifest.get("files"):
        state = (
            "has no manifest"
            if manifest is None
            else f"is {manifest.get('status', 'of unknown state')} and names no files"
        )
        raise InputError(
            f"{where} {state}: it is not finished; allowed: a run whose manifest names its files. Start it again to end it"
        )
    whole = set(with_footers(files.complete))
    broken = [path.name for path in files.complete if path not in whole]
    if broken:
        raise InputError(
            f"{where}: {broken[0]} is damaged (no footer); `safesweep lake check {run_id}` says what to do"
        )
    return FinishedRun(manifest, files.complete, files.incomplete)


def name_in_manifest(lake: str | Path, run_id: str, path: Path) -> str:
    """A file as a manifest names it: its path below the lake."""
    folder = trials_folder(lake, run_id)
    if path.parent == folder:
        return f"{folder.parent.name}/{folder.name}/{path.name}"
    return path.relative_to(lake_folder(lake)).as_posix()
