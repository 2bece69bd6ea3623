"""The attempts of a run's searches, beside its trials: which search tried which trial when, and what it was made of."""

from hashlib import sha256
from pathlib import Path

import pyarrow as pa

from safesweep.files import make_folder
from safesweep.lake.folder import lake_folder
from safesweep.lake.layout import files_in, with_footers
from safesweep.lake.parquet_files import read_table, replace_rows

ATTEMPTS = pa.schema(
    [
        ("run_id", pa.string()),
        ("search", pa.string()),
        ("strategy", pa.string()),
        ("cell", pa.string()),
        ("target_set", pa.string()),
        ("target_source", pa.string()),
        ("target_row", pa.int64()),
        ("target_id", pa.string()),
        ("target_prompt", pa.string()),
        ("target_hash", pa.string()),
        ("attempt", pa.int32()),
        ("generation", pa.int32()),
        ("operator", pa.string()),
        ("parents", pa.list_(pa.int32())),
        ("parent_trial_id", pa.string()),
        ("trial_id", pa.string()),
        ("prompt", pa.string()),
        ("seed", pa.int64()),
        ("fidelity", pa.float64()),
    ]
)
"""Columns; docs/attack.md explains each. ``trial_id`` is that of the picture in the run's trials, which several attempts may share."""


def searches_folder(lake: str | Path, run_id: str) -> Path:
    """``<lake>/searches/run=<run_id>``."""
    return lake_folder(lake) / "searches" / f"run={run_id}"


def write_attempts(lake: str | Path, run_id: str, rows: pa.Table) -> Path:
    """Publishes attempts of one run in one move, under a name that their content gives; returns the file.

    Args:
        rows: of the schema `ATTEMPTS`.
    """
    names = repr([rows["search"].to_pylist(), rows["attempt"].to_pylist(), rows["trial_id"].to_pylist()])
    path = searches_folder(lake, run_id) / f"attempts-{sha256(names.encode()).hexdigest()[:16]}.parquet"
    make_folder(path.parent)
    replace_rows(path, rows)
    return path


def read_attempts(lake: str | Path, run_id: str) -> pa.Table:
    """A run's attempts in the order of searches and attempts, each once; without any, no rows. Files of a killed writer are left out."""
    files = with_footers(files_in(searches_folder(lake, run_id), "attempts-", ".parquet"))
    tables = [read_table(path).select(ATTEMPTS.names) for path in files]
    rows = {(row["search"], row["attempt"]): row for table in tables for row in table.to_pylist()}
    return pa.Table.from_pylist([rows[key] for key in sorted(rows)], ATTEMPTS)
