"""Parquet files of a lake, wherever it lies."""

import time

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from safesweep.lake.folder import lake_folder
from safesweep.lake.parquet_files import (
    arrow_file_system,
    open_parquet,
    read_metadata,
    read_schema,
    read_table,
    replace_rows,
)
from safesweep.lake.stores import list_store, store_of

TABLE = pa.table({"trial_id": ["a", "b", "c"], "picture": [b"x", None, b"z"]})


@pytest.fixture(params=["folder", "memory", "s3"])
def path(request, tmp_path):
    """A file that is not there yet."""
    lakes = {
        "folder": lambda: tmp_path,
        "memory": lambda: f"memory://parquet-{time.monotonic_ns()}",
        "s3": lambda: request.getfixturevalue("s3_lake"),
    }
    return lake_folder(lakes[request.param]()) / "part-0.parquet"


def test_what_is_put_in_one_move_is_read_whole_and_in_parts(path):
    replace_rows(path, TABLE.slice(0, 1))
    replace_rows(path, TABLE)
    assert read_table(path).equals(TABLE) and read_table(path, ["picture"]).column_names == ["picture"]
    assert read_table(path, filters=[("trial_id", "in", {"b"})]).num_rows == 1
    assert read_metadata(path).num_rows == 3 and read_schema(path).equals(TABLE.schema)
    with open_parquet(str(path)) as file:
        assert [batch.num_rows for batch in file.iter_batches(2)] == [2, 1]


def test_a_store_holds_no_half_of_a_file(s3_lake):
    path = lake_folder(s3_lake) / "part-0.parquet"
    replace_rows(path, TABLE)
    assert [one.name for one in list_store(path.parent)] == ["part-0.parquet"]
    store, name = store_of(path)
    store.pipe_file(name, b"PAR1")
    with pytest.raises(pa.ArrowInvalid):
        read_metadata(path)


def test_pyarrows_writers_take_the_place(path):
    where, file_system = arrow_file_system(path)
    pq.write_table(TABLE, where, filesystem=file_system)
    assert read_table(path).equals(TABLE)
