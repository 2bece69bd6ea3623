"""compact, check, merge and export in a store leave the very files, findings and pictures that they leave in a folder."""

import json
from itertools import count

import numpy as np
import pyarrow.parquet as pq
import pytest

from safesweep.errors import InputError
from safesweep.lake.check import check
from safesweep.lake.compact import compact
from safesweep.lake.layout import lease_path, part_files, run_ids, trials_folder
from safesweep.lake.lease import hold, run_place
from safesweep.lake.manifest import read_manifest, write_manifest
from safesweep.lake.merge import merge
from safesweep.lake.pictures import png
from safesweep.lake.progress import progress_path
from safesweep.reports.export import export
from tests.s3_server import put_lake, stored_files
from tests.safesweep.lake.killing import every_file, torn
from tests.safesweep.lake.runs import finished, row, write
from tests.safesweep.lake.test_merge import shards

PARTS = [[0, 1, 2], [3, 4], [5], [6, 7], [8]]


@pytest.fixture
def folder(tmp_path):
    """A finished run, of whose five files the third has a column of its own."""
    lake = finished(tmp_path / "lake", *PARTS)
    odd = trials_folder(lake, "r") / "part-w-000002.parquet"
    rows = pq.read_table(odd, partitioning=None)
    pq.write_table(rows.append_column("mood", [["calm"] * len(rows)]), odd)
    return lake


def squeeze(lake, sleep=lambda seconds: None):
    return compact(lake, "r", grace_s=7, clock=lambda: 1000.0, sleep=sleep)


def test_compact_leaves_the_files_of_a_folder_and_its_grace(folder, s3_lake, tmp_path, monkeypatch):
    put_lake(folder, s3_lake)
    spill = tmp_path / "spill"
    spill.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(spill))
    waits, held = [], []

    def sleep(seconds):
        waits.append(seconds)
        held.append(len(part_files(s3_lake, "r")))

    assert squeeze(s3_lake, sleep) == squeeze(folder)
    assert waits == [7] and held == [7], "the old files are to outlive the new manifest"
    assert stored_files(s3_lake) == every_file(folder) and len(part_files(s3_lake, "r")) == 3
    assert not list(spill.iterdir())


@pytest.mark.parametrize("at", [1, 2, 4])
def test_compact_ends_right_after_a_change_that_the_store_refused(folder, s3_lake, s3_server, at):
    put_lake(folder, s3_lake)
    before = stored_files(s3_lake)
    changes = count()

    def denied(asked):
        own = asked.path.endswith((".parquet", "/r.json")) or "delete" in asked.query
        return own and asked.method in ("PUT", "POST", "DELETE") and next(changes) >= at

    s3_server.denied = denied
    with pytest.raises(PermissionError, match="Access Denied|Forbidden"):
        squeeze(s3_lake)
    s3_server.denied = lambda asked: False
    left = stored_files(s3_lake)
    if at < 3:  # two files, the manifest
        assert {name: left[name] for name in before} == before
        assert len(left) == len(before) + at, "a file that was refused is not there"
    assert set(left) <= {*before, *stored_names(folder)}, "nothing that has not its name yet, no lease"
    squeeze(s3_lake)
    assert stored_files(s3_lake) == every_file(folder)


def stored_names(folder):
    """What a whole compaction leaves."""
    squeeze(folder)
    return every_file(folder)


def dead(lake):
    """A lease of a process that is not there any more, and how far it was."""
    with hold(run_place(lake, "r")):
        mine = json.loads(lease_path(lake, "r").read_text())
    lease_path(lake, "r").write_text(json.dumps({**mine, "process": "0", "pid": 2**22 + 1}))
    progress_path(lake, "r").write_text("{}")


def torn_and_copied(lake):
    whole = (trials_folder(lake, "r") / "part-w-000000.parquet").read_bytes()
    (trials_folder(lake, "r") / "part-x.parquet").write_bytes(torn(whole))
    write(trials_folder(lake, "r") / "part-y.parquet", [row(0), row(3)])


def doubled(lake):
    write(trials_folder(lake, "r") / "part-z.parquet", [row(0), row(3)])
    manifest = read_manifest(lake, "r")
    write_manifest(
        lake, "r", {**manifest, "files": [*manifest["files"], "trials/run=r/part-z.parquet"], "held_trials": 11}
    )


def miscounted(lake):
    write_manifest(lake, "r", {**read_manifest(lake, "r"), "held_trials": 99})


def gone(lake):
    (trials_folder(lake, "r") / "part-w-000001.parquet").unlink()


def damaged(lake):
    file = trials_folder(lake, "r") / "part-w-000000.parquet"
    content = bytearray(file.read_bytes())
    content[4 : len(content) // 3] = bytes(len(content) // 3 - 4)
    file.write_bytes(content)


@pytest.mark.parametrize(
    ("spoil", "repaired", "left"),
    [
        (dead, 2, 0),
        (torn_and_copied, 2, 0),
        (doubled, 2, 0),
        (miscounted, 1, 0),
        (gone, 0, 1),
        (damaged, 0, 1),
    ],
)
def test_check_finds_and_repairs_what_it_does_in_a_folder(folder, s3_lake, spoil, repaired, left):
    spoil(folder)
    (folder / "traces").mkdir()
    (folder / "traces" / "r.json").write_text("{}")  # not of the lake's own
    put_lake(folder, s3_lake)
    found = [str(one) for one in check(s3_lake).left]
    assert found == [str(one) for one in check(folder).left] and found
    assert stored_files(s3_lake) == every_file(folder), "without --repair nothing is touched"
    there, here = check(s3_lake, repair=True), check(folder, repair=True)
    assert list(map(str, there.mended)) == list(map(str, here.mended)) and len(there.mended) == repaired
    assert list(map(str, there.left)) == list(map(str, here.left)) and len(there.left) == left
    assert stored_files(s3_lake) == every_file(folder)
    assert len(check(s3_lake).left) == left


def test_check_lets_a_run_be_that_is_written_and_tells_an_unreachable_store_from_damage(folder, s3_lake, s3_server):
    miscounted(folder)
    put_lake(folder, s3_lake)
    with hold(run_place(s3_lake, "r")):
        done = check(s3_lake, repair=True)
    assert done.busy == ("r",) and not done.left and not done.mended
    before = stored_files(s3_lake)
    for page in (True, False):
        reads = count()
        s3_server.denied = lambda asked, page=page, reads=reads: (
            asked.path.endswith("000004.parquet") and (not page or (asked.method == "GET" and next(reads) >= 2))
        )
        with pytest.raises(PermissionError, match="Access Denied|Forbidden"):
            check(s3_lake, repair=True)
    s3_server.denied = lambda asked: False
    assert stored_files(s3_lake) == before


def test_merge_makes_the_run_of_a_folder_also_after_a_put_that_was_refused(tmp_path, s3_lake, s3_server):
    folder = tmp_path / "lake"
    parts = shards(folder, [[0, 1], [2]], [[1, 3]])
    put_lake(folder, s3_lake)
    s3_server.denied = lambda asked: asked.method == "PUT" and "part-merged" in asked.path
    with pytest.raises(PermissionError, match="Access Denied|Forbidden"):
        merge(s3_lake, parts, "all")
    s3_server.denied = lambda asked: False
    assert part_files(s3_lake, "all") == [] and read_manifest(s3_lake, "all")["status"] == "running"
    assert merge(s3_lake, parts, "all") == merge(folder, parts, "all")
    there, here = stored_files(s3_lake), every_file(folder)
    manifests = [json.loads(files.pop("runs/all.json")) for files in (there, here)]
    assert there == here and run_ids(s3_lake) == ["all", *parts]
    assert manifests[0].pop("finished_at") and manifests[1].pop("finished_at") and manifests[0] == manifests[1]


@pytest.mark.parametrize("form", ["pictures", "parquet"])
def test_export_writes_what_it_does_from_a_folder(tmp_path, s3_lake, form):
    drawn = [png(np.full((16, 16, 3), 40 * number, np.uint8)) for number in range(3)]
    rows = [row(number, picture=picture) for number, picture in enumerate(drawn)]
    folder = finished(tmp_path / "lake", rows, [3, 4])
    put_lake(folder, s3_lake)
    here, there = tmp_path / "here", tmp_path / "there"
    done = export(s3_lake, "r", there, form)
    assert done._replace(place=here) == export(folder, "r", here, form) and done.trials == 5
    if form == "parquet":
        assert there.read_bytes() == here.read_bytes()
    else:
        assert every_file(there) == every_file(here) and len(every_file(there)) == 4
    with pytest.raises(InputError, match="s3:/.* is a place in a store; allowed: one of this machine"):
        export(s3_lake, "r", tmp_path.__class__(f"{s3_lake}/out"), form)
    assert stored_files(s3_lake) == every_file(folder)
