"""One checkpoint's work is worked off before another's is begun; those whose model is there come first."""

import time
from concurrent.futures import Future

import pytest

from safesweep.engine.trajectory import Submission
from safesweep.engine.waiting import Waiting
from tests.safesweep.models.variants.made import checkpoint
from tests.safesweep.tiny import cell, job


class Held:
    """Models that are in memory, and those that may be made."""

    def __init__(self, held, may):
        self.held, self.may = held, may

    def holds(self, one):
        return one is None or one in self.held

    def may_hold(self, one):
        return self.holds(one) or one in self.may


@pytest.fixture
def puts(tmp_path):
    for name in "abc":
        (tmp_path / f"{name}.pt").write_bytes(name.encode())
    return [checkpoint(network=tmp_path / f"{name}.pt") for name in "abc"]


def submission(*puts):
    cells = [cell("none").model_copy(update={"checkpoint": put}) for put in puts]
    return Submission(job(*cells), Future(), time.monotonic(), [None] * len(cells))


def taken(waiting, held):
    found = []
    while (part := waiting.take(held)) is not None:
        found.append((part.checkpoint, part.places))
    return found


def test_a_request_is_divided_by_checkpoint_and_its_cells_keep_their_places(puts):
    a, b, _ = puts
    waiting = Waiting()
    waiting.put(submission(None, a, b, a))
    assert len(waiting) == 3
    assert taken(waiting, Held({a, b}, set())) == [(None, (0,)), (a, (1, 3)), (b, (2,))]
    assert len(waiting) == 0


def test_the_last_checkpoint_goes_on_then_those_in_memory_then_those_that_may_be(puts):
    a, b, c = puts
    waiting = Waiting()
    for _ in range(2):
        waiting.put(submission(c, a, b))
    assert [one for one, _ in taken(waiting, Held({b}, {a, c}))] == [b, b, c, c, a, a]


def test_what_may_not_be_made_now_waits(puts):
    a, b, _ = puts
    waiting = Waiting()
    waiting.put(submission(a, b))
    assert not waiting.has(Held(set(), set())) and waiting.take(Held(set(), set())) is None
    assert waiting.has(Held(set(), {b}))
    assert taken(waiting, Held(set(), {b})) == [(b, (1,))] and len(waiting) == 1
