"""Workers begin when the pools have answered, and not at all where they have not."""

import asyncio
import threading
import time
from contextlib import contextmanager

import pytest

from actors import vlm
from actors.collector import collecting
from actors.pool_start import may_begin, pools_starting
from safesweep.errors import InputError
from tests.marks import STARTS_RAY
from tests.own_ray import own_ray

SCOPE = "r-1"
pytestmark = STARTS_RAY


@pytest.fixture(scope="module")
def cluster():
    with own_ray():
        yield


@pytest.fixture
def told(monkeypatch):
    """What is done, in its order; ``go`` lets the pools answer."""
    done: list[str] = []
    go = threading.Event()

    @contextmanager
    def pools(wanted, scope):
        done.append("pools")
        try:
            yield
        finally:
            done.append("gone")

    def asks(asked, scope):
        assert go.wait(60)
        done.append("asked")

    monkeypatch.setattr("actors.vlm.pools", pools)
    monkeypatch.setattr("actors.vlm.interview_pools", asks)
    return done, go


def test_they_begin_behind_the_answers(cluster, told):
    done, go = told
    with collecting(SCOPE) as collector, pools_starting([], [], SCOPE, collector, lambda: done.append("then")):
        threading.Timer(0.5, go.set).start()
        assert asyncio.run(may_begin(SCOPE))
        assert done == ["pools", "asked", "then"]
        assert asyncio.run(may_begin(SCOPE)), "it is told as often as it is asked"
    assert done == ["pools", "asked", "then", "gone"]


@pytest.mark.parametrize("block_fails", [False, True])
def test_a_pool_that_fails_is_what_is_raised(cluster, told, monkeypatch, block_fails):
    done, _ = told

    def silent(asked, scope):
        raise InputError("VLM: no answer")

    monkeypatch.setattr("actors.vlm.interview_pools", silent)

    def run():
        with collecting(SCOPE) as collector, pools_starting([], [], SCOPE, collector, lambda: done.append("then")):
            assert not asyncio.run(may_begin(SCOPE))
            if block_fails:
                raise RuntimeError("the graph")

    with pytest.raises(InputError, match="VLM: no answer"):
        run()
    assert done == ["pools", "gone"]


def test_a_block_that_fails_first_leaves_no_pool(cluster, told):
    done, go = told
    threading.Timer(0.5, go.set).start()
    with (
        pytest.raises(RuntimeError, match="the graph"),
        collecting(SCOPE) as collector,
        pools_starting([], [], SCOPE, collector, lambda: None),
    ):
        raise RuntimeError("the graph")
    assert done[-1] == "gone"


def test_without_a_run_there_is_nothing_to_wait_for(cluster):
    assert asyncio.run(may_begin("")) and asyncio.run(may_begin("r-2"))


def test_a_block_that_fails_does_not_wait_for_replicas(cluster, told, monkeypatch):
    done, _ = told
    deleted = threading.Event()

    @contextmanager
    def slow(wanted, scope):
        with vlm._under_way(f"vlm-{scope}"), vlm._under_way("vlm-another-run"):
            done.append("waits")
            assert deleted.wait(60), "nobody has told Serve"
            raise InputError("VLM cannot be started: it is being deleted")
        yield

    def delete(app):
        done.append(app)
        deleted.set()

    monkeypatch.setattr("actors.vlm.pools", slow)
    monkeypatch.setattr("actors.vlm.serve.delete", delete)

    def run():
        with collecting(SCOPE) as collector, pools_starting([], [], SCOPE, collector, lambda: None):
            while not done:
                time.sleep(0.01)
            raise RuntimeError("the graph")

    with pytest.raises(RuntimeError, match="the graph"):
        run()
    assert done == ["waits", f"vlm-{SCOPE}"]
