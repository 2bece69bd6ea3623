"""A run's lease: one holder at a time, named to others, and free again when he is dead."""

import json
import signal
import subprocess
import sys
import threading
import time

import pytest

from safesweep.errors import InputError
from safesweep.files import write_json
from safesweep.lake import lease
from safesweep.lake.lease import EXPIRY_S, Lease, LeaseLostError, hold, run_place
from tests.jobs.conftest import ROOT

HOLD = """
import sys, time
from safesweep.lake.lease import hold, run_place
with hold(run_place(sys.argv[1], "r")):
    print("held", flush=True)
    time.sleep(600)
"""


class Clock:
    """Time that passes only by waiting; ``then`` happens at each wait."""

    def __init__(self, then=lambda: None):
        self.now, self.then = 1000.0, then

    def __call__(self):
        return self.now

    def sleep(self, seconds):
        self.now += seconds
        self.then()


@pytest.fixture
def clock():
    return Clock()


def lease_of(lake, clock):
    return Lease(run_place(lake, "r"), clock, clock.sleep)


def elsewhere(path):
    """Makes the lease that of a process on another host."""
    path.write_text(json.dumps({**json.loads(path.read_text()), "host": "node-7", "machine": "node-7", "pid": 41}))


def test_a_second_start_is_refused_by_name_and_the_first_keeps_its_lease(tmp_path, clock):
    first, second = lease_of(tmp_path, clock), lease_of(tmp_path, clock)
    first.take()
    elsewhere(first.path)
    clock.now += 7
    with pytest.raises(
        InputError,
        match=r"run_id: run 'r' is being written to .* by process 41 on node-7 \(last sign of life 7 s ago\); .*",
    ):
        second.take()
    assert first.beat()
    first.release()
    second.take()
    assert not first.beat() and second.beat()


def test_it_waits_on_request_and_no_longer(tmp_path, clock):
    first, second = lease_of(tmp_path, clock), lease_of(tmp_path, clock)
    first.take()
    with pytest.raises(InputError, match="being written"):
        second.take(wait_s=5)
    assert clock.now == 1005

    def release():
        if clock.now >= 1010:
            first.release()

    clock.then = release
    second.take(wait_s=60)
    assert clock.now == 1010


def test_a_holder_without_a_sign_of_life_is_dead_and_one_that_beats_is_not(tmp_path, clock):
    first, second = lease_of(tmp_path, clock), lease_of(tmp_path, clock)
    first.take()
    elsewhere(first.path)
    clock.now += EXPIRY_S
    with pytest.raises(InputError, match="60 s ago"):
        second.take()
    assert first.beat()
    elsewhere(first.path)
    clock.now += EXPIRY_S
    with pytest.raises(InputError):
        second.take()
    clock.now += 0.1
    second.take()
    assert not first.beat()
    assert second.beat()
    first.release()
    assert second.holder() is not None, "the dead holder's end took the living one's lease away"
    assert [path.name for path in first.path.parent.iterdir()] == ["r.lease"]


def test_of_many_that_find_a_dead_holder_one_goes_on(tmp_path, clock):
    dead = lease_of(tmp_path, clock)
    dead.take()
    elsewhere(dead.path)
    clock.now += EXPIRY_S + 1
    start, won = threading.Barrier(8), []

    def take():
        mine = lease_of(tmp_path, clock)
        start.wait()
        try:
            mine.take()
        except InputError:
            return
        won.append(mine)

    threads = [threading.Thread(target=take) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(won) == 1 and won[0].beat()


def test_a_process_that_is_killed_leaves_its_lease_at_once(tmp_path):
    process = subprocess.Popen([sys.executable, "-c", HOLD, str(tmp_path)], cwd=ROOT, stdout=subprocess.PIPE, text=True)
    assert process.stdout.readline() == "held\n"
    try:
        with pytest.raises(InputError, match=f"by process {process.pid} on"):
            Lease(run_place(tmp_path, "r")).take()
    finally:
        process.send_signal(signal.SIGKILL)
        process.wait()
    Lease(run_place(tmp_path, "r")).take()


def test_nothing_is_left_behind_where_nothing_was_written(tmp_path):
    with hold(run_place(tmp_path / "lake", "r")):
        assert (tmp_path / "lake" / "runs" / "r.lease").exists()
    assert not (tmp_path / "lake").exists()
    (tmp_path / "lake").mkdir()
    with hold(run_place(tmp_path / "lake", "r")):
        (tmp_path / "lake" / "trials").mkdir()
    assert [path.name for path in (tmp_path / "lake").iterdir()] == ["trials"]


def test_who_loses_his_lease_is_interrupted(tmp_path, monkeypatch):
    monkeypatch.setattr(lease, "HEARTBEAT_S", 0.05)

    def work():
        with hold(run_place(tmp_path, "r")):
            elsewhere(tmp_path / "runs" / "r.lease")
            content = json.loads((tmp_path / "runs" / "r.lease").read_text())
            for _ in range(600):  # a beat that is under way may write over it once
                write_json(tmp_path / "runs" / "r.lease", {**content, "holder": "another"})
                time.sleep(0.1)
            pytest.fail("a run whose place was taken went on")

    with pytest.raises(LeaseLostError, match="run 'r': another process has taken its place"):
        work()
    assert json.loads((tmp_path / "runs" / "r.lease").read_text())["holder"] == "another"


def test_who_comes_late_to_a_dead_holder_sees_that_another_was_quicker(tmp_path, clock):
    dead, quick = lease_of(tmp_path, clock), lease_of(tmp_path, clock)
    dead.take()
    elsewhere(dead.path)
    clock.now += EXPIRY_S + 1

    class Late(Lease):
        def _create(self, path):
            if quick.holder().holder != quick.name:
                quick.take()
            return super()._create(path)

    with pytest.raises(InputError, match="being written"):
        Late(run_place(tmp_path, "r"), clock, clock.sleep).take()
    assert quick.beat() and quick.after == [dead.name]
