"""The lake's writing side."""

import json

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from safesweep.errors import InputError
from safesweep.lake.schema import SCHEMA
from safesweep.lake.store import RunStore, replace_rows
from tests.safesweep.lake.rows import held_ids


@pytest.fixture
def store(tmp_path):
    made = RunStore(tmp_path / "lake", "night-1")
    made.folder.mkdir(parents=True)
    return made


def write(store, name, *trials):
    rows = [{"trial_id": trial, "status": "unscored" if trial == "bad" else "ok"} for trial in trials]
    pq.write_table(pa.Table.from_pylist(rows, schema=SCHEMA), store.folder / name)


def test_held_counts_trials_over_all_files(store):
    write(store, "part-a-000000.parquet", "x", "y")
    write(store, "part-b-000000.parquet", "bad")
    held = store.held()
    assert held_ids(store) == ["bad", "x", "y"] and len(held.trials) == held.trials.rows == 3
    assert held.trials.contains(["x", "y", "bad", "z"]).tolist() == [True, True, True, False]
    assert held.unscored == 1 and held.failed.contains(["bad", "x"]).tolist() == [True, False]
    assert store.rows_so_far() == 3


def test_a_file_that_a_killed_writer_left_is_removed_and_the_rest_kept(store):
    write(store, "part-a-000000.parquet", "x")
    whole = (store.folder / "part-a-000000.parquet").read_bytes()
    torn = store.folder / "part-b-000000.parquet"
    torn.write_bytes(whole[: len(whole) // 2])
    assert store.rows_so_far() == 1 and held_ids(store) == ["x"]
    assert store.remove_incomplete() == [torn]
    assert [path.name for path in store.files()] == ["part-a-000000.parquet"]


def test_a_manifest_is_replaced_whole(store):
    assert store.manifest() is None
    store.write_manifest({"status": "running"})
    store.write_manifest({"status": "complete", "γ": 7.5})
    assert store.manifest() == {"status": "complete", "γ": 7.5}
    assert [path.name for path in store.manifest_path.parent.iterdir()] == ["night-1.json"]
    json.loads(store.manifest_path.read_text())


def test_a_lake_under_a_file_is_refused_and_nothing_is_made(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(InputError, match="is a file"):
        RunStore(tmp_path / "file" / "lake", "r").check_writable()
    RunStore(tmp_path / "new", "r").check_writable()
    assert not (tmp_path / "new").exists()


def test_failed_trials_are_set_aside_and_the_rest_is_left(store):
    write(store, "part-a-000000.parquet", "x", "bad", "y")
    write(store, "part-b-000000.parquet", "z")
    untouched = (store.folder / "part-b-000000.parquet").stat().st_mtime_ns
    asked = ["x", "y", "z", "bad"]
    assert store.held().kept(retry_failed=True).contains(asked).tolist() == [True, True, True, False]
    assert store.held().kept(retry_failed=False).contains(asked).all()
    assert store.set_aside_failed() == 1
    assert held_ids(store) == ["x", "y", "z"] and not len(store.held().failed)
    assert (store.folder / "part-b-000000.parquet").stat().st_mtime_ns == untouched
    write(store, "part-c-000000.parquet", "bad")
    assert store.set_aside_failed() == 1 and store.set_aside_failed() == 0
    kept = [pq.read_table(path, partitioning=None) for path in store.attempts_folder.iterdir()]
    assert [table["trial_id"].to_pylist() for table in kept] == [["bad"], ["bad"]]
    assert all(table.schema == SCHEMA for table in kept)
    assert not list(store.lake.glob("**/*.new"))


def test_a_killed_setting_aside_loses_and_doubles_nothing(store, monkeypatch):
    write(store, "part-a-000000.parquet", "x", "bad")
    whole, calls = replace_rows, []

    def killed(path, rows):
        calls.append(path)
        if len(calls) == 2:
            raise KeyboardInterrupt
        whole(path, rows)

    monkeypatch.setattr("safesweep.lake.store.replace_rows", killed)
    with pytest.raises(KeyboardInterrupt):
        store.set_aside_failed()
    assert held_ids(store) == ["bad", "x"]
    monkeypatch.undo()
    assert store.set_aside_failed() == 1
    [kept] = store.attempts_folder.iterdir()
    assert pq.read_table(kept, partitioning=None)["trial_id"].to_pylist() == ["bad"]
