"""Where a run's files lie in a lake, and which of them are whole."""

from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path

import pyarrow as pa

from safesweep.files import on_store
from safesweep.lake.folder import lake_folder
from safesweep.lake.parquet_files import read_metadata
from safesweep.lake.stores import list_store, store_failure, versions


def manifest_path(lake: str | Path, run_id: str) -> Path:
    """``<lake>/runs/<run_id>.json``."""
    return lake_folder(lake) / "runs" / f"{run_id}.json"


def lease_path(lake: str | Path, run_id: str) -> Path:
    """``<lake>/runs/<run_id>.lease``: who writes the run just now."""
    return lake_folder(lake) / "runs" / f"{run_id}.lease"


def trials_folder(lake: str | Path, run_id: str) -> Path:
    """``<lake>/trials/run=<run_id>``."""
    return lake_folder(lake) / "trials" / f"run={run_id}"


def attempts_folder(lake: str | Path, run_id: str) -> Path:
    """``<lake>/attempts/run=<run_id>``: rows of trials that failed and were made again."""
    return lake_folder(lake) / "attempts" / f"run={run_id}"


def part_files(lake: str | Path, run_id: str) -> list[Path]:
    """The run's parquet files, whole or not, sorted."""
    return files_in(trials_folder(lake, run_id), "part-", ".parquet")


def files_in(folder: Path, start: str, end: str) -> list[Path]:
    """The files right in a folder whose names begin and end so, sorted."""
    if on_store(folder):
        return [path for path in list_store(folder) if path.name.startswith(start) and path.name.endswith(end)]
    return sorted(folder.glob(f"{start}*{end}"))


def existing(files: Sequence[Path]) -> list[Path]:
    """Those of the files that are there; of a store by one listing a folder. Raises what its client does where it is out of reach."""
    listed = versions(files)
    return [path for path in files if (path in listed if on_store(path) else path.exists())]


def sizes(files: Sequence[Path]) -> dict[Path, int]:
    """Bytes of each; of a store by one listing a folder. A store's file that is not there is left out."""
    listed = versions(files)
    stored = {path: size for path, (_, size) in listed.items()}
    return stored | {path: path.stat().st_size for path in files if not on_store(path)}


def has_footer(path: Path) -> bool:
    """Whether a parquet file is whole: a killed writer leaves one without a valid footer.

    Raises what the store's client does, of a file in a store that is out of reach: nothing is known of it then.
    """
    try:
        read_metadata(path)
    except FileNotFoundError:
        return False
    except (pa.ArrowInvalid, OSError) as error:
        if on_store(path) and store_failure(error) is not None:
            raise
        return False
    return True


def with_footers(files: Sequence[Path]) -> list[Path]:
    """Those of the files that are whole, as ``has_footer`` has it. A store's footer is fetched once, until the file is another."""
    listed = versions(files)
    return [path for path in files if (_whole(path, listed[path]) if path in listed else has_footer(path))]


def versioned(files: Sequence[Path]) -> tuple[tuple[str, str, int], ...]:
    """Of each file: its path, what tells it from what was there before, and its size, bytes."""
    listed = versions(files)
    return tuple((str(path), *(listed.get(path) or _version(path))) for path in files)


def _version(path: Path) -> tuple[str, int]:
    found = path.stat()
    return str(found.st_mtime_ns), found.st_size


@lru_cache(maxsize=1 << 16)
def _whole(path: Path, version: tuple[str, int]) -> bool:
    return has_footer(path)


def run_ids(lake: str | Path) -> list[str]:
    """The sorted names of the lake's runs, those with a manifest and those with trials."""
    root = lake_folder(lake)
    manifests = {path.stem for path in files_in(root / "runs", "", ".json")}
    folders = {path.name.removeprefix("run=") for path in files_in(root / "trials", "run=", "")}
    return sorted(manifests | folders)
