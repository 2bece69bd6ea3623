"""The rain's parts: what its verdict sees, what its endpoint does, that its draws reach every kind, its disk that is full for a time."""

import subprocess
import sys
import time

import numpy as np
import pyarrow as pa
import pytest

from actors.leaving import handed_back
from benchmarks.rain.endpoint import WAYS, Endpoint
from benchmarks.rain.job import Job, over_http
from benchmarks.rain.kinds import KINDS, Rain, World
from benchmarks.rain.rounds import _steps_handed_back
from benchmarks.rain.verdict import Verdict, compare, left_in_folder, left_in_lake
from safesweep.engine.counters import Counters
from safesweep.engine.status import EngineStatus
from safesweep.files import ROOT
from safesweep.lake.manifest import write_manifest
from safesweep.lake.parquet_files import replace_rows
from safesweep.vlm.backends.openai import OpenAiVlm
from safesweep.vlm.client import VlmClient

PICTURE = np.full((8, 8, 3), (200, 10, 10), np.uint8)


def row(trial: str, picture: bytes | None = b"p", scorers: tuple[str, ...] = ("nude", "clip"), **more) -> dict:
    evidence = [{"scorer": name, "error": None} for name in scorers] if picture is not None else []
    status = "ok" if picture is not None else "unscored"
    return {"trial_id": trial, "status": status, "picture": picture, "evidence": evidence, **more}


UNDISTURBED = [row("a"), row("b"), row("c")]


@pytest.mark.parametrize(
    ("rows", "found"),
    [
        (UNDISTURBED, (3, 0, 0, 0, 0)),
        ([row("a"), row("b")], (2, 1, 0, 0, 0)),
        ([*UNDISTURBED, row("b")], (4, 0, 1, 0, 0)),
        ([row("a"), row("b"), row("c", b"q")], (3, 0, 0, 1, 0)),
        ([*UNDISTURBED, row("d")], (4, 0, 0, 1, 0)),
        ([row("a"), row("b"), row("c", None)], (3, 1, 0, 0, 0)),
        ([row("a"), row("b"), row("c", scorers=("nude",))], (3, 0, 0, 0, 1)),
        ([row("a"), row("b"), row("c", scorers=("nude", "clip", "clip"))], (3, 0, 0, 0, 1)),
        ([row("a"), row("b"), row("c", None, status="ok")], (3, 1, 0, 0, 1)),
        ([row("a"), row("b"), row("c", evidence=[{"scorer": "nude", "error": "x"}])], (3, 0, 0, 0, 1)),
    ],
)
def test_the_verdict_sees_each_way_of_losing(rows, found):
    assert compare(rows, UNDISTURBED) == Verdict(*found)


def test_what_a_run_leaves_is_found(tmp_path):
    lake = tmp_path / "lake"
    part = lake / "trials" / "run=r" / "part-0.parquet"
    part.parent.mkdir(parents=True)
    replace_rows(part, pa.table({"trial_id": ["a"], "status": ["ok"]}))
    write_manifest(lake, "r", {"files": ["trials/run=r/part-0.parquet"], "status": "complete", "held_trials": 1})
    assert left_in_lake(str(lake), "r") == []
    for name in ("runs/r.lease", "runs/r.json.new", "trials/run=r/part-1.parquet.new"):
        (lake / name).parent.mkdir(exist_ok=True)
        (lake / name).write_text("{}")
    assert sum(name.endswith((".lease", ".new")) for name in left_in_lake(str(lake), "r")) == 3
    assert len(left_in_folder(lake)) == 5


@pytest.fixture
def endpoint():
    """It answers."""
    server = Endpoint()
    yield server
    server.close()


@pytest.mark.parametrize("way", WAYS)
def test_the_endpoint_misbehaves_for_a_while_and_then_answers_the_same(endpoint, way):
    vlm = OpenAiVlm(url=endpoint.url, model="miniature", timeout_s=1, tries=1)
    client = VlmClient(vlm.load(), vlm.timeout_s, vlm.tries)
    assert client.ask(PICTURE, "what?").result(30) == "dagger"
    endpoint.misbehave(way)
    assert client.ask(PICTURE, "what?").exception(30) is not None
    endpoint.behave()
    assert client.ask(PICTURE, "what?").result(30) == "dagger"
    client.close()
    assert f"--vlm.url={endpoint.url}" in over_http(endpoint.url)


def test_what_is_handed_back_is_read_in_the_jobs_logs(tmp_path):
    status = EngineStatus.of(Counters(), 1.0, in_flight=3, parked=1, waiting=7, steps_in_flight=30)
    for start in (1, 2):
        (tmp_path / f"start-{start}.log").write_text(f"a\nwarning   diffusion: {handed_back('a' * 56, status)}\nb\n")
    assert _steps_handed_back(Job(tmp_path, "127.0.0.1:1", [])) == 60


def test_a_kind_that_has_struck_waits_for_the_others(monkeypatch):
    struck = []
    monkeypatch.setattr("benchmarks.rain.kinds.KINDS", {name: _one(name, struck) for name in KINDS})
    world = World(nodes=Busy(), job=None)
    rain = Rain(seed=1)
    for _ in KINDS:
        assert rain.drop(world) is not None
    assert sorted(struck) == sorted(KINDS) and len(KINDS) >= 8
    again = Rain(seed=1)
    assert [again.drop(world)[0] for _ in KINDS] == struck[: len(KINDS)], "a seed is an order"


class Busy:
    """Nodes on which every kind of worker works."""

    def workers(self, kind):
        return [kind]


def _one(name, struck):
    return lambda world, chance: struck.append(name) or name


def test_what_is_due_is_done_in_its_order():
    done = []
    world = World(nodes=None, job=None)
    world.after(0.05, lambda: done.append("second"))
    world.after(0.0, lambda: done.append("first"))
    world.after(60.0, lambda: done.append("last"))
    time.sleep(0.1)
    world.catch_up()
    assert done == ["first", "second"]
    world.catch_up(everything=True)
    assert done == ["first", "second", "last"] and not world.later


DISK = """
import errno, sys
from pathlib import Path
from benchmarks.rain.disk import Disk, with_mounts_of_its_own
if not with_mounts_of_its_own():
    sys.exit(77)
disk = Disk(Path(sys.argv[1]) / "disk")
(disk.folder / "a").write_text("kept")
disk.fill()
try:
    (disk.folder / "b").write_bytes(b"x" * 10000)
except OSError as error:
    assert error.errno == errno.ENOSPC
else:
    raise AssertionError("there was room")
disk.clear()
(disk.folder / "b").write_bytes(b"x" * 10000)
assert (disk.folder / "a").read_text() == "kept" and not disk.full
"""


def test_the_disk_is_full_and_has_room_again_and_is_gone_with_its_process(tmp_path):
    script = tmp_path / "disk.py"
    script.write_text(DISK)
    done = subprocess.run(
        [sys.executable, str(script), str(tmp_path)],
        env={"PYTHONPATH": str(ROOT), "PATH": "/usr/bin:/bin"},
        capture_output=True,
        text=True,
    )
    if done.returncode == 77:
        pytest.skip("this machine allows no mounts of one's own")
    assert done.returncode == 0, done.stderr
    assert list((tmp_path / "disk").iterdir()) == []
