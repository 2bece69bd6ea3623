"""Where a run's files lie in a lake, and which of them are whole."""

from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq


def manifest_path(lake: str | Path, run_id: str) -> Path:
    """``<lake>/runs/<run_id>.json``."""
    return Path(lake) / "runs" / f"{run_id}.json"


def trials_folder(lake: str | Path, run_id: str) -> Path:
    """``<lake>/trials/run=<run_id>``."""
    return Path(lake) / "trials" / f"run={run_id}"


def part_files(lake: str | Path, run_id: str) -> list[Path]:
    """The run's parquet files, whole or not, sorted."""
    return sorted(trials_folder(lake, run_id).glob("part-*.parquet"))


def has_footer(path: Path) -> bool:
    """Whether a parquet file is whole: a killed writer leaves one without a valid footer."""
    try:
        pq.read_metadata(path)
    except (pa.ArrowInvalid, OSError):
        return False
    return True


def run_ids(lake: str | Path) -> list[str]:
    """The sorted names of the lake's runs, those with a manifest and those with trials."""
    root = Path(lake)
    manifests = {path.stem for path in (root / "runs").glob("*.json")}
    folders = {path.name.removeprefix("run=") for path in (root / "trials").glob("run=*")}
    return sorted(manifests | folders)
