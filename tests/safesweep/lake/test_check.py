"""Each kind of finding: what it says, and what its repair leaves."""

import json

import pyarrow.parquet as pq
import pytest

from safesweep.errors import InputError
from safesweep.lake.check import check
from safesweep.lake.compact import compact
from safesweep.lake.layout import attempts_folder, lease_path, manifest_path, part_files, trials_folder
from safesweep.lake.lease import hold, run_place
from safesweep.lake.manifest import read_manifest, write_manifest
from tests.safesweep.lake.killing import every_file, torn
from tests.safesweep.lake.runs import finished, row, write

PARTS = [[0, 1, 2], [3, 4], [5]]


@pytest.fixture
def lake(tmp_path):
    return finished(tmp_path / "lake", *PARTS)


def part(lake, place):
    return trials_folder(lake, "r") / f"part-w-{place:06d}.parquet"


def found(lake, **options):
    return [str(finding) for finding in check(lake, **options).left]


def trials(lake):
    return sorted(one for path in part_files(lake, "r") for one in pq.read_table(path)["trial_id"].to_pylist())


def repaired(lake, *words):
    """The one finding has all these words, and a repair after which nothing is found and no trial is lost."""
    [line] = found(lake)
    assert all(word in line for word in ("r: ", *words)), line
    before = set(trials(lake))
    done = check(lake, repair=True)
    assert [str(finding) for finding in done.mended] == [line] and not done.left
    assert set(trials(lake)) == before and found(lake) == []


def left(lake, *words):
    """The one finding has all these words; --repair touches nothing."""
    before = every_file(lake)
    for repair in (False, True):
        [line] = found(lake, repair=repair)
        assert all(word in line for word in ("r: ", *words)), line
    assert every_file(lake) == before


def test_a_whole_lake_has_no_findings(lake):
    finished(lake, [0], run_id="q")
    compact(lake, "r", grace_s=0)
    done = check(lake)
    assert (done.runs, done.busy, done.mended, done.left) == (2, (), (), ())
    assert check(lake, ["q"]).runs == 1
    with pytest.raises(InputError, match="no run 'x' in lake .*; known: q, r"):
        check(lake, ["q", "x"])


def test_a_named_file_that_is_gone(lake):
    part(lake, 1).unlink()
    left(lake, "part-w-000001.parquet: the manifest names it, and it is not there", "start the run again")


def test_a_named_file_without_a_footer(lake):
    part(lake, 1).write_bytes(torn(part(lake, 1).read_bytes()))
    left(lake, "part-w-000001.parquet: has no valid footer", "from a copy")


def test_a_damaged_page_is_found_unless_it_is_quick(lake):
    content = bytearray(part(lake, 0).read_bytes())
    content[4 : len(content) // 3] = bytes(len(content) // 3 - 4)
    part(lake, 0).write_bytes(content)
    left(lake, "part-w-000000.parquet: cannot be read to its end")
    [line] = found(lake, quick=True)
    assert "its files cannot be read" in line and "without --quick" in line


def test_a_copy_of_what_only_a_damaged_file_holds_stays(lake):
    copied = write(trials_folder(lake, "r") / "part-x.parquet", [row(0)])
    content = bytearray(part(lake, 0).read_bytes())
    content[4 : len(content) // 3] = bytes(len(content) // 3 - 4)
    part(lake, 0).write_bytes(content)
    lines = found(lake, repair=True)
    assert len(lines) == 2 and "part-x.parquet: the manifest does not name it, and 1 of its rows" in lines[1]
    assert copied.exists()


def test_content_that_is_not_its_digests(lake):
    compact(lake, "r", grace_s=0)
    [only] = part_files(lake, "r")
    rows = pq.read_table(only, partitioning=None)
    pq.write_table(rows.set_column(1, rows.schema.field(1), [rows["trial_id"].to_pylist()]), only, compression="gzip")
    left(lake, f"{only.name}: its content is another than the manifest's digest says")
    assert found(lake, quick=True) == []


def test_a_copy_that_no_manifest_names_goes(lake):
    write(trials_folder(lake, "r") / "part-x.parquet", [row(0), row(3)])
    repaired(lake, "part-x.parquet: the manifest does not name it, and every row of it is in a file that it names")


@pytest.mark.parametrize("change", [{"picture": b"another"}, {"evidence": []}, {"trial_id": "9" * 32}], ids=str)
def test_a_row_that_no_named_file_has_stays(lake, change):
    write(trials_folder(lake, "r") / "part-x.parquet", [row(0), row(3, **change)])
    left(lake, "part-x.parquet: the manifest does not name it, and 1 of its rows are in no file that it names")


def test_what_a_killed_writer_left_goes(lake):
    broken = trials_folder(lake, "r") / "part-x.parquet"
    broken.write_bytes(torn(part(lake, 0).read_bytes()))
    [line] = found(lake)
    assert "part-x.parquet: has no valid footer, a killed writer left it" in line
    places = [part(lake, 0), manifest_path(lake, "r"), attempts_folder(lake, "r") / "a.parquet"]
    for path in places:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.with_name(f"{path.name}.new").write_bytes(b"half")
    assert len(found(lake)) == 4
    assert len(check(lake, repair=True).mended) == 4 and found(lake) == []
    assert not list(lake.rglob("*.new")) and not broken.exists() and len(trials(lake)) == 6


def test_a_file_that_holds_only_copies_of_named_rows_is_taken_out(lake):
    write(trials_folder(lake, "r") / "part-x.parquet", [row(0), row(3)])
    names = [f"trials/run=r/{path.name}" for path in part_files(lake, "r")]
    write_manifest(lake, "r", {**read_manifest(lake, "r"), "files": names})
    lines = found(lake)
    assert "part-w-000000.parquet and part-x.parquet: trial 00000000000000000000000000000000 stands in both" in lines[0]
    assert (
        "--repair removes part-x.parquet" in lines[0]
        and "says that 6 trials are held, its files hold 8" not in lines[0]
    )
    check(lake, repair=True)
    assert found(lake) == [] and len(trials(lake)) == 6 and read_manifest(lake, "r")["files"] == names[:3]


def test_doubles_that_are_not_equal_are_left_to_people(lake):
    write(trials_folder(lake, "r") / "part-x.parquet", [row(0, picture=b"another")])
    names = [f"trials/run=r/{path.name}" for path in part_files(lake, "r")]
    write_manifest(lake, "r", {**read_manifest(lake, "r"), "files": names, "held_trials": 7})
    left(lake, "stands in both", "two processes wrote it: move the files of one of them away")


def test_numbers_that_are_not_the_files(lake):
    write_manifest(lake, "r", {**read_manifest(lake, "r"), "held_trials": 9})
    repaired(lake, "r.json: says that 9 trials are held, its files hold 6")
    assert read_manifest(lake, "r")["held_trials"] == 6 and read_manifest(lake, "r")["status"] == "complete"


def test_trials_that_no_file_holds(lake):
    write_manifest(lake, "r", {**read_manifest(lake, "r"), "expected_trials": 8})
    left(lake, "2 of 8 trials are in none of the manifest's files", "start the run again")


def test_a_manifest_that_is_none(lake):
    manifest_path(lake, "r").write_text("{")
    left(lake, "r.json: is not JSON")
    manifest_path(lake, "r").write_text(json.dumps({"files": ["../../secret.parquet"]}))
    left(lake, "'../../secret.parquet', which is no path below the lake")
    manifest_path(lake, "r").unlink()
    left(lake, "run=r has trials, and the run no manifest", "start the run again")


def test_a_run_that_was_killed(lake):
    manifest = {**read_manifest(lake, "r"), "status": "running"}
    del manifest["files"]
    write_manifest(lake, "r", manifest)
    left(lake, "r.json: says that it is running, and no process writes it")


def test_a_dead_holders_lease_goes_and_a_living_ones_run_is_let_be(lake):
    with hold(run_place(lake, "r")):
        mine = json.loads(lease_path(lake, "r").read_text())
        part(lake, 1).unlink()
        done = check(lake, repair=True)
        assert done.busy == ("r",) and not done.left and not done.mended
    finished(lake, *PARTS)
    lease_path(lake, "r").write_text(json.dumps({**mine, "process": "0", "pid": 2**22 + 1}))
    repaired(lake, "r.lease: process 4194305 on", "which is not there any more")
    assert not lease_path(lake, "r").exists()


def test_attempts_that_a_kill_left_in_both_places_go_and_true_ones_stay(lake):
    kept = write(attempts_folder(lake, "r") / "part-a.parquet", [row(4, error="an earlier one")])
    assert found(lake) == []
    write(attempts_folder(lake, "r") / "part-b.parquet", [row(4)])
    repaired(lake, "attempts/run=r/part-b.parquet: every row of it still stands in the run")
    assert [path.name for path in attempts_folder(lake, "r").iterdir()] == [kept.name]


def test_attempts_of_no_run(lake):
    write(attempts_folder(lake, "gone") / "part-a.parquet", [row(4)])
    [line] = found(lake)
    assert line.startswith("gone: attempts/run=gone/part-a.parquet: holds attempts of a run that has no trials")
