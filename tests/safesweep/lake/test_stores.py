"""A lake in a store is the lake in a folder: what is written is read, by every reader, through a server that throttles as well."""

import random
import threading
import time

import pytest

from safesweep.errors import InputError
from safesweep.lake.folder import lake_folder
from safesweep.lake.layout import has_footer, part_files, run_ids, with_footers
from safesweep.lake.lease import EXPIRY_S, Lease, LeaseLostError, hold, run_place
from safesweep.lake.manifest import named_files, read_manifest
from safesweep.lake.reader import connection, read_columns, read_whole_trials, run_files, source
from safesweep.lake.scored import scored
from safesweep.lake.store import RunStore
from safesweep.lake.stores import failures, store_failure, store_of
from tests.s3_server import put_lake
from tests.safesweep.lake.rows import held_ids, scorer, trial, write_run

ROWS = [trial(number, evidence=[scorer("clip", ("cosine", 0.25))]) for number in range(40)]


@pytest.fixture(params=["s3", "memory"])
def lake(request):
    """An empty place in a store."""
    return request.getfixturevalue("s3_lake") if request.param == "s3" else f"memory://lake-{time.monotonic_ns()}"


@pytest.fixture
def both(tmp_path, lake):
    """One lake twice: in a folder, and in a store."""
    folder = write_run(tmp_path / "lake", ROWS[:25], ROWS[25:])
    write_run(folder, ROWS[:3], run_id="other")
    here = RunStore(folder, "r")
    here.write_manifest({"run_id": "r", "files": [str(path.relative_to(folder)) for path in here.files()]})
    put_lake(folder, lake)
    return folder, lake


def everything(lake):
    """What the readers say of run r."""
    files = run_files(lake, "r")
    store = RunStore(lake, "r")
    with connection(ordered=True) as opened:
        table = read_columns(opened, source(files.complete)).drop(columns="exchanges")
        whole = list(read_whole_trials(opened, files.complete, "VALUES ('t3'), ('t30')", ["trial_id", "picture"]))
    return {
        "runs": run_ids(lake),
        "names": [path.name for path in part_files(lake, "r")],
        "complete": [path.name for path in files.complete],
        "manifest": read_manifest(lake, "r"),
        "named": [str(path.relative_to(lake_folder(lake))) for path in named_files(lake, "r") or ()],
        "held": (held_ids(store), store.held().unscored),
        "rows": store.rows_so_far(),
        "holders": store.holders({"t1"}) if "source" in table else None,
        "scored": scored(files.complete),
        "table": table.to_dict("records"),
        "whole": whole,
    }


def test_readers_say_the_same_of_a_store_and_of_a_folder(both):
    folder, lake = both
    here, there = everything(folder), everything(lake)
    assert there == here
    assert there["runs"] == ["other", "r"] and there["rows"] == 40 and len(there["table"]) == 40
    assert [row["picture"] for row in there["whole"]] == [b"png", b"png"]


def test_failed_trials_are_set_aside_and_damaged_files_removed(tmp_path, lake):
    rows = [trial(0), trial(1, status="unscored", error="x", picture=None)]
    put_lake(write_run(tmp_path / "lake", rows, [trial(2)]), lake)
    store = RunStore(lake_folder(lake), "r")
    fs, folder = store_of(store.folder)
    fs.pipe_file(f"{folder}/part-9.parquet", b"PAR1 and no footer")
    assert [path.name for path in store.remove_incomplete()] == ["part-9.parquet"]
    assert (
        store.held().failed.contains(["t1", "t0"]).tolist() == [True, False]
        and store.set_aside_failed() == 1
        and store.set_aside_failed() == 0
    )
    assert held_ids(store) == ["t0", "t2"]
    [aside] = fs.ls(store_of(store.attempts_folder)[1], detail=False)
    assert aside.rpartition("/")[2].startswith("part-0-")


def test_a_file_that_is_out_of_reach_is_not_taken_for_a_damaged_one(tmp_path, s3_lake, s3_server, monkeypatch):
    put_lake(write_run(tmp_path / "lake", ROWS), s3_lake)
    monkeypatch.setenv("AWS_MAX_ATTEMPTS", "1")
    store = RunStore(lake_folder(s3_lake), "r")
    [file] = store.files()
    s3_server.fail_every = 1
    with pytest.raises(OSError, match="Service Unavailable|reduce your request rate"):
        has_footer(file)
    with pytest.raises(OSError, match="Service Unavailable|reduce your request rate"):
        store.remove_incomplete()
    s3_server.fail_every = 0
    assert store.remove_incomplete() == [] and store.files() == [file]
    s3_server.asked.clear()
    assert [with_footers([file]) for _ in range(3)] == [[file]] * 3
    assert not [one for one in s3_server.asked if one.path.endswith(".parquet")], "a footer is fetched once"


def test_a_lease_is_one_processs_and_a_dead_ones_goes_to_one_of_many(s3_lake):
    lake, now = s3_lake, [1000.0]
    leases = [Lease(run_place(lake, "r"), clock=lambda: now[0], sleep=lambda _: None) for _ in range(4)]
    first, *others = leases
    first.take()
    with pytest.raises(InputError, match=r"run 'r' is being written to .*://.* by process"):
        others[0].take()
    assert first.beat()
    now[0] += EXPIRY_S + 1
    start, won = threading.Barrier(3), []

    def take(lease):
        start.wait()
        try:
            lease.take()
        except InputError:
            return
        won.append(lease)

    threads = [threading.Thread(target=take, args=(lease,)) for lease in others]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(won) == 1 and won[0].after == [first.name] and won[0].beat() and not first.beat()
    first.release()
    assert won[0].holder() is not None, "the dead holder's end took the living one's lease away"
    won[0].release()
    assert run_ids(lake) == [] and first.holder() is None
    with hold(run_place(lake, "r")):
        assert Lease(run_place(lake, "r")).holder() is not None
    assert LeaseLostError and Lease(run_place(lake, "r")).holder() is None


def test_one_request_in_ten_may_be_throttled(tmp_path, s3_lake, s3_server):
    folder = write_run(tmp_path / "lake", ROWS[:25], ROWS[25:])
    put_lake(folder, s3_lake)
    here = everything(folder)
    s3_server.fail_every = 10
    before = s3_server.failed
    there = everything(s3_lake)
    RunStore(lake_folder(s3_lake), "r").write_manifest({"run_id": "r"})
    with hold(run_place(s3_lake, "r")) as lease:
        assert all(lease.beat() for _ in range(5))
    assert s3_server.failed - before >= 5
    assert there == here and read_manifest(s3_lake, "r") == {"run_id": "r"}


def test_a_run_is_read_by_its_prefix_and_its_numbers_without_its_pictures(tmp_path, s3_lake, s3_server):
    noise = random.Random(0).randbytes
    rows = [trial(number, picture=noise(160_000)) for number in range(50)]
    put_lake(write_run(tmp_path / "lake", rows), s3_lake)
    put_lake(write_run(tmp_path / "lake", ROWS, run_id="other"), s3_lake)
    s3_server.asked.clear()
    with connection() as opened:
        files = run_files(s3_lake, "r").complete
        assert opened.execute(f"SELECT count(DISTINCT seed) FROM {source(files)}").fetchall() == [(50,)]
    assert RunStore(lake_folder(s3_lake), "r").held().trials.rows == 50
    asked = [one for one in s3_server.asked if one.method == "GET"]
    fetched = sum(one.span for one in asked if one.path.endswith(".parquet"))
    assert 0 < fetched < 8_000_000 / 16, f"{fetched} bytes of a run with 8 MB of pictures"
    assert not [one for one in asked if "run=other" in one.path + one.query]


def test_a_place_that_cannot_be_written_to_is_one_line(s3_lake, s3_server):
    RunStore(lake_folder(s3_lake), "r").check_writable()
    assert run_ids(s3_lake) == [] and not store_of(lake_folder(s3_lake))[0].find(s3_lake)
    with pytest.raises(InputError, match=r"lake: cannot write to s3://nowhere-at-all/lake: .*bucket"):
        RunStore(lake_folder("s3://nowhere-at-all/lake"), "r").check_writable()
    with pytest.raises(InputError, match=r"memory.*other processes"):
        RunStore(lake_folder("memory://lake"), "r").check_writable()


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("hdfs://host/x", r"a URL \(hdfs://…\) is not supported; allowed: a folder.*s3://, gs://"),
        ("s3://", "is not supported"),
        ("s3:/bucket/lake", "is not supported"),
        ("s3://key:secret@bucket/lake", "s3://…@bucket/lake: a store's place has no user"),
        ("s3://bucket/lake?token=x", "no user, query or fragment"),
    ],
)
def test_a_place_that_is_none_is_refused_in_one_line(url, said):
    with pytest.raises(InputError, match=said) as refused:
        lake_folder(url)
    assert "secret" not in str(refused.value)


def test_a_store_whose_client_is_not_installed_says_what_to_install(monkeypatch):
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(InputError, match=r"gs://bucket/lake: gs:// needs the package gcsfs.*safesweep\[stores\]"):
        lake_folder("gs://bucket/lake")


def test_failures_are_told_from_a_programs_own(s3_lake):
    store, _ = store_of(lake_folder(s3_lake))
    with pytest.raises(failures()) as of_store:
        store.ls("nowhere-at-all", detail=False)
    assert store_failure(of_store.value)
    told = RuntimeError("the run did not end")
    told.__cause__ = of_store.value
    assert store_failure(told) == store_failure(of_store.value)
    for own in (ValueError("x"), FileNotFoundError("no such folder")):
        assert store_failure(own) is None
