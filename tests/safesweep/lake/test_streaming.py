"""Rows stream: order, contents and bounds."""

import hashlib

import pyarrow.parquet as pq
import pytest

from safesweep.files import file_sha256
from safesweep.lake import streaming
from safesweep.lake.schema import SCHEMA
from safesweep.lake.streaming import PartWriter, digest_rows, publish, staged, stream_rows
from tests.safesweep.lake.runs import row, write


@pytest.fixture
def source(tmp_path):
    return write(tmp_path / "part-a.parquet", [row(number) for number in range(9)])


def copy(source, target):
    with PartWriter(target, SCHEMA) as writer:
        for batch in stream_rows(source):
            writer.write(batch)
    return writer


def test_batches_are_small_and_all_columns_or_these(source, monkeypatch):
    monkeypatch.setattr(streaming, "BATCH_ROWS", 1)
    batches = list(stream_rows(source, ["trial_id"]))
    assert [batch.num_rows for batch in batches] == [1] * 9 and batches[0].schema.names == ["trial_id"]
    assert next(stream_rows(source)).schema.equals(SCHEMA)


def test_a_file_is_there_when_it_is_whole(source, tmp_path):
    target = tmp_path / "new" / "part-b.parquet"
    writer = copy(source, target)
    assert writer.staged == staged(target) == target.with_name("part-b.parquet.new")
    assert not target.exists() and writer.staged.exists()
    publish(target)
    assert [path.name for path in target.parent.iterdir()] == ["part-b.parquet"]
    assert repr(pq.read_table(target).to_pylist()) == repr(pq.read_table(source).to_pylist())
    assert digest_rows(target).hexdigest() == digest_rows(source).hexdigest() and digest_rows(source, target).rows == 18
    assert file_sha256(target) == hashlib.sha256(target.read_bytes()).hexdigest()


@pytest.mark.parametrize(("limit", "value"), [("GROUP_ROWS", 4), ("GROUP_BYTES", 2000)])
def test_row_groups_end_at_the_bounds(source, tmp_path, monkeypatch, limit, value):
    monkeypatch.setattr(streaming, limit, value)
    target = tmp_path / "part-b.parquet"
    copy(source, target)
    publish(target)
    whole = pq.read_metadata(target)
    rows = [whole.row_group(place).num_rows for place in range(whole.num_row_groups)]
    assert sum(rows) == 9 and max(rows) <= 5 and len(rows) >= 2


def test_an_error_leaves_nothing_that_could_be_taken_for_a_file(source, tmp_path):
    target = tmp_path / "part-b.parquet"

    def fail():
        with PartWriter(target, SCHEMA) as writer:
            writer.write(next(stream_rows(source)))
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    assert not target.exists()
