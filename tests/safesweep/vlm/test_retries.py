"""Which attempts are tried again, how often, and what is left of the last."""

import asyncio
from types import SimpleNamespace

import pytest

from safesweep.vlm import retries
from safesweep.vlm.errors import VlmBusyError, VlmError, VlmGaveUpError, VlmRefusedError, VlmTroubleError


@pytest.fixture
def slept(monkeypatch):
    found = []

    async def sleep(seconds):
        found.append(seconds)

    monkeypatch.setattr(retries, "asyncio", SimpleNamespace(sleep=sleep))
    monkeypatch.setattr(retries.random, "uniform", lambda low, high: 1.0)
    return found


def persist(*script, tries=3):
    steps, told = iter(script), []

    async def attempt():
        step = next(steps)
        if isinstance(step, Exception):
            raise step
        return step

    found = asyncio.run(retries.persist(attempt, 60, tries, lambda: told.append(1)))
    return found, len(told)


def test_trouble_is_tried_again_after_growing_pauses(slept):
    assert persist(VlmTroubleError("a"), VlmTroubleError("b"), "answer") == ("answer", 2)
    assert slept == [0.2, 0.4]
    with pytest.raises(VlmGaveUpError, match="2 attempts, the last: b"):
        persist(VlmTroubleError("a"), VlmTroubleError("b"), "answer", tries=2)


def test_one_that_was_not_taken_uses_up_no_try_and_waits_as_long_as_it_is_told(slept):
    busy = [VlmBusyError("full", wait) for wait in (None, 3.0, 900.0)]
    assert persist(*busy, "answer", tries=1) == ("answer", 3)
    assert slept == [0.2, 3.0, retries.LONGEST_RETRY_AFTER_S]


@pytest.mark.parametrize("error", [VlmRefusedError("no"), VlmError("wrong key")])
def test_what_no_attempt_can_mend_is_raised_at_once(error, slept):
    with pytest.raises(type(error), match=str(error)):
        persist(error, "answer")
    assert slept == []
