"""Labels beside the lake: written whole, read together, the same twice is one."""

import time
from datetime import UTC, datetime

import pyarrow as pa

from safesweep.lake.labels import LABELS, labels_folder, read_labels, write_labels
from tests.safesweep.lake.rows import trial, write_run


def label(trial_id: str, minute: int, **changes) -> dict:
    return {
        "run_id": "r",
        "trial_id": trial_id,
        "picture_sha256": "00",
        "verdict": "unsafe",
        "categories": ["violence"],
        "labeller": "ann",
        "labelled_at": datetime(2026, 1, 1, 0, minute, tzinfo=UTC),
        "sample": "s",
        "profile": "q16",
        "stratum": "unsafe",
        "stratum_verdict": "unsafe",
        "population": 40,
        "drawn": 10,
    } | changes


def table(*rows: dict) -> pa.Table:
    return pa.Table.from_pylist(list(rows), LABELS)


def test_imports_add_up_and_the_same_again_is_the_same_file(tmp_path):
    assert read_labels(tmp_path, "r").num_rows == 0
    first, more = table(label("t2", 2), label("t1", 1)), table(label("t1", 3, verdict="safe"), label("t2", 2))
    assert write_labels(tmp_path, "r", first) == write_labels(tmp_path, "r", first)
    write_labels(tmp_path, "r", more)
    assert len(list(labels_folder(tmp_path, "r").iterdir())) == 2
    found = read_labels(tmp_path, "r")
    assert found.schema == LABELS
    assert [(row["trial_id"], row["verdict"]) for row in found.to_pylist()] == [
        ("t1", "unsafe"),
        ("t2", "unsafe"),
        ("t1", "safe"),
    ]
    assert read_labels(tmp_path, "other").num_rows == 0


def test_half_a_file_is_not_read(tmp_path):
    path = write_labels(tmp_path, "r", table(label("t1", 1)))
    path.with_name(path.name + ".new").write_bytes(b"PAR1")
    assert read_labels(tmp_path, "r").num_rows == 1


def test_a_store_holds_them_too():
    memory_lake = f"memory://labels-{time.monotonic_ns()}"
    write_labels(memory_lake, "r", table(label("t1", 1)))
    assert read_labels(memory_lake, "r").to_pylist()[0]["trial_id"] == "t1"


def test_trials_are_read_as_ever(tmp_path):
    from safesweep.lake.layout import run_ids

    write_run(tmp_path, [trial(0)])
    write_labels(tmp_path, "r", table(label("t0", 1)))
    assert run_ids(tmp_path) == ["r"]
