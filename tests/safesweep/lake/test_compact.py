"""Many files become few: nothing of the rows changes, whenever the process is killed and whoever reads."""

import json
import threading

import pyarrow.parquet as pq
import pytest

from safesweep.errors import InputError
from safesweep.files import file_sha256
from safesweep.lake.compact import compact
from safesweep.lake.layout import lease_path, manifest_path, part_files, trials_folder
from safesweep.lake.lease import hold, run_place
from safesweep.lake.manifest import read_manifest, write_manifest
from safesweep.lake.reader import connection, run_files, source
from tests.safesweep.lake.killing import every_file, killed_at, torn
from tests.safesweep.lake.runs import finished, row, table, write

PARTS = [[0, 1, 2], [3, 4], [5], [6, 7, 8, 9], [10]]


def plain(lake):
    """The rows as text, in their order: NaN is not equal to itself."""
    return [repr(one) for one in table(lake).to_pylist()]


def in_two_schemas(lake):
    """The third of five files has a column of its own, so that two files and two become one each."""
    finished(lake, *PARTS)
    odd = trials_folder(lake, "r") / "part-w-000002.parquet"
    rows = pq.read_table(odd, partitioning=None)
    pq.write_table(rows.append_column("mood", [["calm"] * len(rows)]), odd)
    return lake


def test_rows_order_and_schema_stay_and_the_files_are_one(tmp_path):
    lake = finished(tmp_path / "lake", *PARTS)
    before, kind = plain(lake), pq.read_schema(part_files(lake, "r")[0])
    waits = []
    done = compact(lake, "r", grace_s=7, sleep=waits.append)
    assert (done.rows, done.files_before, done.files_after, done.removed) == (11, 5, 1, 5) and waits == [7]
    [only] = part_files(lake, "r")
    assert plain(lake) == before and pq.read_schema(only).equals(kind, check_metadata=True)
    manifest = read_manifest(lake, "r")
    assert manifest["files"] == [f"trials/run=r/{only.name}"] and manifest["held_trials"] == 11
    assert manifest["digests"] == {f"trials/run=r/{only.name}": file_sha256(only)}
    assert {path.name for path in (lake / "runs").iterdir()} == {"r.json"}
    again = every_file(lake)
    assert compact(lake, "r", sleep=waits.append).removed == 0 and every_file(lake) == again and waits == [7]


def test_files_come_near_the_target_and_larger_ones_and_other_schemas_stay(tmp_path):
    lake = in_two_schemas(tmp_path)
    odd = trials_folder(lake, "r") / "part-w-000002.parquet"
    sizes = [path.stat().st_size for path in part_files(lake, "r")]
    before = plain(lake)
    compact(lake, "r", target_mb=(sizes[0] + sizes[1]) / 1e6, grace_s=0)
    files = run_files(lake, "r").complete
    assert [pq.read_metadata(path).num_rows for path in files][:2] == [5, 1] and odd in files
    assert plain(lake) == before and sorted(part_files(lake, "r")) == sorted(files)
    stays = every_file(lake)
    assert compact(lake, "r", target_mb=min(sizes) / 1e6 / 2, grace_s=0).removed == 0 and every_file(lake) == stays


def test_row_groups_are_put_together_and_bounded(tmp_path, monkeypatch):
    lake = finished(tmp_path, *PARTS)
    monkeypatch.setattr("safesweep.lake.streaming.GROUP_ROWS", 4)
    before = plain(lake)
    compact(lake, "r", grace_s=0)
    [only] = part_files(lake, "r")
    groups = [
        pq.read_metadata(only).row_group(place).num_rows for place in range(pq.read_metadata(only).num_row_groups)
    ]
    assert max(groups) <= 5 and len(groups) < sum(len(part) // 2 + len(part) % 2 for part in PARTS)
    assert plain(lake) == before


def test_killed_at_any_change_and_started_again_it_ends_as_if_it_had_not_been(tmp_path):
    reference = in_two_schemas(tmp_path / "reference")
    rows = plain(reference)
    with killed_at(10**9) as switch:
        compact(reference, "r", grace_s=0)
    wanted, manifest = every_file(reference / "trials"), read_manifest(reference, "r")
    del manifest["compacted_at"]
    assert switch.count >= 12
    for at in range(switch.count):
        lake = in_two_schemas(tmp_path / f"lake-{at}")
        with killed_at(at) as tried:
            compact(lake, "r", grace_s=0)
        assert tried.count > at, "it was not killed"
        assert plain(lake) == rows, f"killed at {at}: readers saw other rows"
        lease_path(lake, "r").unlink(missing_ok=True)  # of a dead process
        waits = []
        compact(lake, "r", grace_s=0, sleep=waits.append)
        ended = read_manifest(lake, "r")
        del ended["compacted_at"]
        assert every_file(lake / "trials") == wanted and ended == manifest
        assert [path.name for path in (lake / "runs").iterdir() if path.suffix != ".new"] == ["r.json"]


def test_what_a_killed_one_superseded_has_its_grace_all_the_same(tmp_path):
    lake, other = finished(tmp_path / "lake", *PARTS), finished(tmp_path / "other", *PARTS)
    with killed_at(10**9) as switch:
        compact(other, "r", grace_s=0)
    with killed_at(switch.count - len(PARTS)):
        compact(lake, "r", grace_s=0)
    lease_path(lake, "r").unlink(missing_ok=True)
    assert len(part_files(lake, "r")) == len(PARTS) + 1
    waits = []
    assert compact(lake, "r", grace_s=500, sleep=waits.append).removed == len(PARTS)
    assert len(waits) == 1 and 400 < waits[0] <= 500 and len(part_files(lake, "r")) == 1


def test_who_reads_meanwhile_sees_the_same_rows(tmp_path):
    lake = finished(tmp_path, *([number] for number in range(40)))
    with connection() as opened:
        query = "SELECT count(*), count(DISTINCT trial_id), sum(seed), count(picture) FROM {}"
        [wanted] = opened.execute(query.format(source(run_files(lake, "r").complete))).fetchall()
    found, failed, stop = [], [], threading.Event()

    def read():
        while not stop.is_set():
            try:
                files = run_files(lake, "r").complete
                stop.wait(0.05)
                with connection(threads=1) as opened:
                    found.extend(opened.execute(query.format(source(files))).fetchall())
            except Exception as error:
                failed.append(error)

    reader = threading.Thread(target=read)
    reader.start()
    compact(lake, "r", grace_s=1.5)
    before = len(found)
    stop.wait(0.3)
    stop.set()
    reader.join()
    assert failed == [] and set(found) == {wanted} and len(found) > before > 2
    assert len(part_files(lake, "r")) == 1


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"files": None}, "is running and names no files: it is not finished"),
        ({"files": ["trials/run=r/part-9.parquet"]}, "the manifest names 'trials/run=r/part-9.parquet'"),
    ],
)
def test_a_run_that_is_not_finished_is_refused_and_left(tmp_path, change, words):
    lake = finished(tmp_path, *PARTS)
    manifest = {**read_manifest(lake, "r"), "status": "running", **change}
    write_manifest(lake, "r", {key: value for key, value in manifest.items() if value is not None})
    before = every_file(lake)
    with pytest.raises(InputError, match=words):
        compact(lake, "r", grace_s=0)
    assert every_file(lake) == before


def test_what_else_is_refused(tmp_path):
    lake = finished(tmp_path, *PARTS)
    with pytest.raises(InputError, match=r"no run 'q' in lake .*did you mean|Known: r"):
        compact(lake, "q")
    for wrong in ({"target_mb": 0}, {"grace_s": -1}):
        with pytest.raises(InputError, match="allowed: above 0, and 0 or above"):
            compact(lake, "r", **wrong)
    with hold(run_place(lake, "r")), pytest.raises(InputError, match="run 'r' is being written"):
        compact(lake, "r")
    manifest_path(lake, "r").unlink()
    with pytest.raises(InputError, match="has no manifest: it is not finished"):
        compact(lake, "r")


def test_rows_that_no_manifest_names_and_damage_are_never_removed(tmp_path):
    lake = finished(tmp_path, *PARTS)
    stray = write(trials_folder(lake, "r") / "part-x-000000.parquet", [row(0), row(77)])
    before = every_file(lake)
    with pytest.raises(InputError, match=r"part-x-000000\.parquet holds 1 rows of its own"):
        compact(lake, "r", grace_s=0)
    assert every_file(lake) == before
    stray.unlink()
    broken = trials_folder(lake, "r") / "part-w-000001.parquet"
    broken.write_bytes(torn(broken.read_bytes()))
    with pytest.raises(InputError, match=r"part-w-000001\.parquet is damaged"):
        compact(lake, "r", grace_s=0)


def test_rows_that_were_written_otherwise_than_read_are_not_published(tmp_path, monkeypatch):
    lake = finished(tmp_path, *PARTS)
    real = pq.ParquetWriter.write_table
    monkeypatch.setattr(pq.ParquetWriter, "write_table", lambda self, rows, **more: real(self, rows.slice(1), **more))
    before = json.loads(manifest_path(lake, "r").read_text())
    with pytest.raises(InputError, match="holds other rows than the 5 files from part-w-000000"):
        compact(lake, "r", grace_s=0)
    monkeypatch.undo()
    assert read_manifest(lake, "r") == before and len(part_files(lake, "r")) == 5
    compact(lake, "r", grace_s=0)
    assert len(plain(lake)) == 11
