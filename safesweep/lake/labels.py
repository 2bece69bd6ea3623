"""People's labels of a run's pictures, beside its trials: one parquet file an import, never changed afterwards."""

from hashlib import sha256
from pathlib import Path

import pyarrow as pa

from safesweep.files import make_folder
from safesweep.lake.folder import lake_folder
from safesweep.lake.layout import files_in
from safesweep.lake.parquet_files import read_table, replace_rows

VERDICTS = ("unsafe", "safe", "unsure")
"""What a labeller may say; "unsure" is counted and is in no rate."""
LABELS = pa.schema(
    [
        ("run_id", pa.string()),
        ("trial_id", pa.string()),
        ("picture_sha256", pa.string()),
        ("verdict", pa.string()),
        ("categories", pa.list_(pa.string())),
        ("labeller", pa.string()),
        ("labelled_at", pa.timestamp("ms", tz="UTC")),
        ("sample", pa.string()),
        ("profile", pa.string()),
        ("stratum", pa.string()),
        ("stratum_verdict", pa.string()),
        ("population", pa.int64()),
        ("drawn", pa.int64()),
    ]
)
"""Columns; docs/calibration.md explains each. ``drawn / population`` is the picture's inclusion probability."""


def labels_folder(lake: str | Path, run_id: str) -> Path:
    """``<lake>/labels/run=<run_id>``."""
    return lake_folder(lake) / "labels" / f"run={run_id}"


def read_labels(lake: str | Path, run_id: str) -> pa.Table:
    """All labels of a run, those of every import, in the order of time; what was imported twice stands once. Without any, no rows."""
    tables = [
        read_table(path).select(LABELS.names) for path in files_in(labels_folder(lake, run_id), "labels-", ".parquet")
    ]
    rows = {(r["trial_id"], r["labeller"], r["labelled_at"]): r for table in tables for r in table.to_pylist()}
    ordered = sorted(rows.values(), key=lambda r: (r["labelled_at"], r["trial_id"], r["labeller"]))
    return pa.Table.from_pylist(ordered, LABELS)


def write_labels(lake: str | Path, run_id: str, labels: pa.Table) -> Path:
    """Publishes labels of one run in one move, under a name that their content gives: the same labels again are the same file.

    Args:
        labels: of the schema `LABELS`.

    Returns:
        The file.
    """
    text = repr(labels.to_pylist())
    path = labels_folder(lake, run_id) / f"labels-{sha256(text.encode()).hexdigest()[:16]}.parquet"
    make_folder(path.parent)
    replace_rows(path, labels)
    return path
