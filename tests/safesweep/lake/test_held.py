"""What files hold, read once until one of them is another."""

import pyarrow as pa
import pyarrow.parquet as pq

from safesweep.lake import held as module
from safesweep.lake.held import held_in, ids_in


def write(path, ids, **columns):
    pq.write_table(pa.table({"trial_id": pa.array(ids, pa.string()), **columns}), path)
    return path


def test_files_of_other_programs(tmp_path):
    plain = write(tmp_path / "a.parquet", ["x", None, "y"])
    bare = tmp_path / "b.parquet"
    pq.write_table(pa.table({"number": [1]}), bare)
    assert ids_in(plain) == (["x", "y"], [], 0) and ids_in(bare) == ([], [], 0)
    assert len(held_in([plain, bare]).trials) == 2 and held_in([plain, bare]).unscored == 0
    assert len(held_in([]).trials) == 0


def test_a_file_is_read_once_until_it_is_another(tmp_path, monkeypatch):
    read = []
    monkeypatch.setattr(module, "ids_in", lambda path: read.append(path.name) or ids_in(path))
    one = write(tmp_path / "a.parquet", ["x", "bad"], status=["ok", "unscored"])
    first = held_in([one])
    assert held_in([one]) is first and read == ["a.parquet"] and first.unscored == 1
    write(one, ["x", "y", "z"], status=["ok", "ok", "ok"])
    assert len(held_in([one]).trials) == 3 and read == ["a.parquet"] * 2


def test_a_torn_file_is_left_out(tmp_path):
    whole, torn = write(tmp_path / "a.parquet", ["x"]), write(tmp_path / "b.parquet", ["y"])
    torn.write_bytes(torn.read_bytes()[:-10])
    assert held_in([whole, torn]).trials.contains(["x", "y"]).tolist() == [True, False]


def test_what_was_refused_is_done_and_what_failed_is_made_again(tmp_path):
    found = held_in([write(tmp_path / "a.parquet", ["x", "y", "z"], status=["ok", "refused", "unscored"])])
    assert (found.refused, found.unscored) == (1, 1)
    assert found.kept(retry_failed=True).contains(["x", "y", "z"]).tolist() == [True, True, False]
