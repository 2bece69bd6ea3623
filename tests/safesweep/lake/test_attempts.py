"""The attempts of a run's searches: written once, read once, whatever killed the writer."""

import pyarrow as pa

from safesweep.lake.attempts import ATTEMPTS, read_attempts, searches_folder, write_attempts


def rows(*attempts: tuple[str, int, str]) -> pa.Table:
    whole = dict.fromkeys(ATTEMPTS.names)
    made = [{**whole, "search": search, "attempt": place, "trial_id": trial} for search, place, trial in attempts]
    return pa.Table.from_pylist(made, ATTEMPTS)


def keys(lake) -> list[tuple[str, int, str]]:
    return [(row["search"], row["attempt"], row["trial_id"]) for row in read_attempts(lake, "r").to_pylist()]


def test_attempts_come_back_in_order_each_once(tmp_path):
    assert keys(tmp_path) == []
    write_attempts(tmp_path, "r", rows(("b", 1, "t3"), ("b", 0, "t2")))
    path = write_attempts(tmp_path, "r", rows(("a", 0, "t1"), ("b", 1, "t3")))
    assert keys(tmp_path) == [("a", 0, "t1"), ("b", 0, "t2"), ("b", 1, "t3")]
    assert write_attempts(tmp_path, "r", rows(("a", 0, "t1"), ("b", 1, "t3"))) == path
    assert len(list(searches_folder(tmp_path, "r").iterdir())) == 2


def test_what_a_killed_writer_leaves_is_left_out(tmp_path):
    path = write_attempts(tmp_path, "r", rows(("a", 0, "t1")))
    (path.parent / "attempts-broken.parquet").write_bytes(path.read_bytes()[:-20])
    (path.parent / "attempts-x.parquet.new").write_bytes(b"")
    assert keys(tmp_path) == [("a", 0, "t1")]


def test_a_lake_in_a_store(s3_lake):
    write_attempts(s3_lake, "r", rows(("a", 0, "t1")))
    assert keys(s3_lake) == [("a", 0, "t1")]
