"""Trials of every kind with and without supposed answers, from a VLM that is slow, changes its mind and fails: the same bits."""

import asyncio
import os
import random
import threading
import zlib
from concurrent.futures import Future
from dataclasses import replace
from typing import NamedTuple

import pytest

from safesweep.engine.config import EngineConfig
from safesweep.engine.engine import Engine
from safesweep.guidance.cell import Cell
from safesweep.guidance.methods.base import Looked
from safesweep.models.probe import SUPPORTED
from tests.marks import SLOW
from tests.safesweep.tiny import cell, job, tiny_model
from tests.safesweep.vlm.gates import random_gate

TRIALS = 10_000 if os.environ.get("LONG_TESTS") else 600
CELLS, JOBS = 5, 10
PROMPTS = ("a red circle", "a blaze in red", "a blue key", "a black cup")
CONFIG = EngineConfig(max_rows=12, reproducible=True)


class FickleVlm:
    """What it says of a preview, and whether it fails, hangs on the preview's bytes; how long it takes, on chance."""

    SAYS = ("nothing", "nothing", "nothing", "dagger", "flame", "I see a dagger and a flame.")

    def __init__(self, seed: int) -> None:
        self._chance = random.Random(seed)
        self._loop = asyncio.new_event_loop()
        threading.Thread(target=self._loop.run_forever, daemon=True).start()

    def ask(self, picture, question: str) -> "Future[str]":
        future: Future[str] = Future()
        mark = zlib.crc32(picture.tobytes())

        def end() -> None:
            if not future.set_running_or_notify_cancel():
                return
            if mark % 23 == 0:
                future.set_exception(TimeoutError(f"no answer about {mark}"))
            else:
                future.set_result(self.SAYS[mark % len(self.SAYS)])

        self._loop.call_soon_threadsafe(self._loop.call_later, self._chance.choice([0.0, 0.002, 0.02, 0.05]), end)
        return future

    def close(self) -> None:
        self._loop.call_soon_threadsafe(self._loop.stop)


def random_cell(chance: random.Random) -> Cell:
    method = chance.choice(["none", "sld", *["dynamic_negative"] * 4])
    steps = chance.choice([3, 5])
    numbers = {
        "sld": {"warmup_steps": 1},
        "dynamic_negative": {
            "negative_scale": chance.choice([1.0, 3.0]),
            "query_steps": chance.choice([(0,), (0, 1), (1, 2), (0, 1, 2)]),
            "reuse_similarity": chance.choice([None, None, 0.9]),
            "remember": chance.choice([True, False]),
            "strength": chance.choice([None, None, {"gate": random_gate(), "most": 3.0, "decay": 0.5}]),
        },
    }
    return cell(
        method, g=chance.choice([2.0, 4.0]), solver=chance.choice(SUPPORTED[:3]), steps=steps, **numbers.get(method, {})
    )


class Left(NamedTuple):
    """What is left of a trial, for comparison."""

    picture: bytes | None
    error: str | None
    exchanges: tuple[tuple[int, int, str, tuple[str, ...], bool], ...]
    looks: tuple[Looked, ...]
    rows_alone: int


def of(result) -> Left:
    exchanges = tuple(
        (one.step, zlib.crc32(one.preview.tobytes()), one.answer, one.terms, one.reused) for one in result.exchanges
    )
    picture = None if result.picture is None else result.picture.tobytes()
    return Left(picture, result.error, exchanges, result.looks, result.rows_alone)


@SLOW
@pytest.mark.timeout(7200 if os.environ.get("LONG_TESTS") else 600)
def test_the_same_bits():
    chance = random.Random(11)
    supposed = confirmed = failed = forks = made = 0
    for batch in range(TRIALS // (JOBS * CELLS)):
        jobs = [
            job(*[random_cell(chance) for _ in range(CELLS)], text=chance.choice(PROMPTS), seed=chance.randrange(1000))
            for _ in range(JOBS)
        ]
        options = {"share": chance.random() < 0.8, "max_trajectories": chance.choice([1, 3, 8, None])}
        found = []
        for policy in (None, chance.choice(["last", "nothing"])):
            vlm = FickleVlm(batch)
            engine = Engine(tiny_model(), replace(CONFIG, speculate=policy, **options), vlm.ask)
            futures = [engine.submit(one) for one in jobs]
            found.append([[of(trial) for trial in future.result(timeout=300)] for future in futures])
            engine.close()
            vlm.close()
        assert found[0] == found[1], batch
        counters = engine.counters
        made += sum(map(len, found[1]))
        failed += counters.failed
        forks += counters.forks
        supposed += counters.questions_supposed
        confirmed += counters.questions_confirmed
    assert made == TRIALS
    assert failed > made / 100 and forks > made / 10
    assert supposed > made / 20 and supposed > confirmed > supposed / 4
