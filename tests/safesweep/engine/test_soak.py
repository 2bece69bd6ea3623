"""2,000 trials of every kind through one engine: nothing is lost, nothing leaks, and every failure is its own trial's."""

import gc
import random
import re
import time
import zlib
from collections import Counter
from concurrent.futures import Future, ThreadPoolExecutor
from threading import Lock

import pytest
import torch

from safesweep.engine.config import EngineConfig
from safesweep.engine.engine import Engine
from safesweep.engine.trajectory import LiveTrial, Pending, Request, Submission, Trajectory, TrialResult
from safesweep.guidance.cell import Cell
from safesweep.models.probe import SUPPORTED
from safesweep.models.stable_diffusion import StableDiffusion
from tests.marks import SLOW
from tests.safesweep.tiny import cell, glance, job, tiny_pipeline

ROUNDS, JOBS, CELLS = 5, 50, 8
FAILING = 20
"""One question in so many fails."""
PROMPTS = ("a red circle", "a blaze in red", "a blue key", "a black cup", "a green leaf and a red dagger")
NOUNS = (torch.Tensor, Trajectory, LiveTrial, Pending, Submission, TrialResult, Future)
CONFIG = EngineConfig(max_rows=16, reproducible=True)


class Vlm:
    """Answers after a random time, or not at all; which of the two hangs on the preview's bytes alone."""

    def __init__(self, chance: random.Random) -> None:
        self._chance, self._lock = chance, Lock()
        self._threads = ThreadPoolExecutor(16)
        self.failed = 0

    def ask(self, picture, question: str) -> "Future[str]":
        return self._threads.submit(self._answer, self._chance.choice([0.0, 0.001, 0.01]), picture, question)

    def _answer(self, seconds: float, picture, question: str) -> str:
        time.sleep(seconds)
        mark = zlib.crc32(picture.tobytes())
        if mark % FAILING == 0:
            with self._lock:
                self.failed += 1
            raise TimeoutError(f"no answer about {mark}")
        return glance(picture, question)

    def close(self) -> None:
        self._threads.shutdown()


def random_cell(chance: random.Random) -> Cell:
    solver, steps, g = chance.choice(SUPPORTED), chance.choice([2, 3]), chance.choice([2.0, 4.0, 7.5])
    gamma = chance.choice([0.0, 1.0, 3.0])
    method = chance.choice(
        [
            "none",
            "negative_prompt",
            "static_negative",
            "sld",
            "perp_neg",
            "crg",
            "dng",
            "safe_denoiser",
            *["dynamic_negative"] * 3,
        ]
    )
    numbers = {
        "static_negative": {"negative_scale": gamma},
        "perp_neg": {"negative_scale": gamma},
        "sld": {"warmup_steps": 1},
        "dynamic_negative": {
            "negative_scale": gamma,
            "query_steps": chance.choice([(0,), (1,), (0, 1)]),
            "reuse_similarity": chance.choice([None, 0.9]),
        },
    }
    return cell(method, g=g, solver=solver, steps=steps, **numbers.get(method, {}))


def random_job(chance: random.Random) -> Request:
    cells = [random_cell(chance) for _ in range(CELLS)]
    return job(*cells, text=chance.choice(PROMPTS), seed=chance.randrange(1000))


def alive() -> Counter:
    """How many objects of each of the engine's kinds there are."""
    gc.collect()
    kinds = Counter(type(item) for item in gc.get_objects())
    return Counter({kind.__name__: kinds[kind] for kind in NOUNS})


def tensor_bytes() -> int:
    """Of all tensors that are alive, weights included."""
    return sum(item.nbytes for item in gc.get_objects() if type(item) is torch.Tensor)


def check(work: Request, results: list[TrialResult]) -> int:
    """Every trial of a job has what it should have; gives the number that failed."""
    assert len(results) == len(work.cells)
    failed = 0
    for one, result in zip(work.cells, results, strict=True):
        for exchange in result.exchanges:
            assert zlib.crc32(exchange.preview.tobytes()) % FAILING or exchange.reused
        if result.error is None:
            assert result.picture is not None
            asked = getattr(one.guidance, "query_steps", ())
            assert tuple(exchange.step for exchange in result.exchanges) == asked
            continue
        failed += 1
        assert result.picture is None and one.method == "dynamic_negative"
        found = re.fullmatch(r"VLM at step (\d): TimeoutError: no answer about (\d+)", result.error)
        assert found and int(found[1]) in one.guidance.query_steps and int(found[2]) % FAILING == 0
    return failed


@SLOW
@pytest.mark.timeout(900)
def test_two_thousand_trials():
    chance = random.Random(5)
    vlm = Vlm(chance)
    model = StableDiffusion(tiny_pipeline())
    before = alive()  # other tests keep results of their own
    engine = Engine(model, CONFIG, vlm.ask)
    failed, shapes, levels, sizes = 0, [], [], []
    try:
        for _ in range(ROUNDS):
            jobs = [random_job(chance) for _ in range(JOBS)]
            futures = [engine.submit(one) for one in jobs]
            results = [future.result(timeout=600) for future in futures]
            failed += sum(check(one, of) for one, of in zip(jobs, results, strict=True))
            shapes += [(jobs[place], results[place]) for place in chance.sample(range(JOBS), 2)]
            del futures, results
            samples = [item for _, of in shapes for item in of]
            kept = Counter(TrialResult=len(samples))
            levels.append(alive() - kept - before)
            sizes.append(tensor_bytes())
        counters = engine.counters
    finally:
        engine.close()
    assert counters.trials == ROUNDS * JOBS * CELLS == 2000
    assert counters.failed == failed and vlm.failed > 20
    assert 0.02 * counters.questions < vlm.failed < 0.10 * counters.questions
    for level in levels:
        # the idle thread may still hold the last trajectory in a local
        assert level["Trajectory"] <= 1, level
        assert not any(level[kind] for kind in ("LiveTrial", "Pending", "TrialResult")), level
    assert abs(levels[-1]["Tensor"] - levels[1]["Tensor"]) <= 50, levels
    assert sizes[-1] <= 1.1 * sizes[1], sizes

    # what a trial became in the crowd is what it becomes alone, failures included
    for work, results in shapes[:4]:
        alone = Engine(model, CONFIG, vlm.ask)
        for one, result in zip(work.cells, results, strict=True):
            [again] = alone.submit(Request(work.text, work.seed, work.width, work.height, (one,))).result(timeout=60)
            assert again.error == result.error
            assert (again.picture is None) == (result.picture is None)
            assert result.picture is None or (again.picture == result.picture).all()
        alone.close()
    vlm.close()
