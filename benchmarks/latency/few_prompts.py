"""Few prompts and a slow VLM: nothing else is there to hide its latency behind, so that a picture waits for each of its answers in turn.

The trained miniature in reproducible mode. Its VLM is asked beforehand; in the measured runs its answers come after a pause that takes no
processor. What is compared takes turns: plain guidance, the dynamic negative that waits, and the one that goes on under supposed answers.
"""

import asyncio
import statistics
import threading
import time
from collections.abc import Sequence
from concurrent.futures import Future
from dataclasses import replace
from typing import NamedTuple

import numpy as np

from miniature import WEIGHTS
from miniature.defaults import Miniature
from miniature.family import Family
from miniature.prompt_sets import FOLDER
from miniature.quality import dynamic_cell, none_cell
from miniature.world import SIZE
from safesweep.engine.config import EngineConfig
from safesweep.engine.engine import Engine
from safesweep.engine.trajectory import Request, TrialResult
from safesweep.guidance.cell import Cell
from safesweep.prompts.reader import read_prompts
from safesweep.types import Picture, Prompt

LATENCY_TICKS = 10
QUESTIONS = 10
GAMMA = 15.0
ROWS = 4
"""Network rows of a forward, for each prompt in flight."""


class Late:
    """Answers that are known, each a set time after its question; of a preview that nobody has asked about, ``unknown``."""

    def __init__(self, answers: dict[bytes, str], unknown: str) -> None:
        self.seconds = 0.0
        self._answers, self._unknown = answers, unknown
        self._loop = asyncio.new_event_loop()
        threading.Thread(target=self._loop.run_forever, name="late", daemon=True).start()

    def ask(self, picture: Picture, question: str) -> "Future[str]":
        """The future of the answer."""
        future: Future[str] = Future()
        answer = self._answers.get(picture.tobytes(), self._unknown)

        def end() -> None:
            if future.set_running_or_notify_cancel():
                future.set_result(answer)

        self._loop.call_soon_threadsafe(self._loop.call_later, self.seconds, end)
        return future

    def close(self) -> None:
        """No more answers come."""
        self._loop.call_soon_threadsafe(self._loop.stop)


class Measured(NamedTuple):
    """Wall time to the last picture over plain guidance's, one latency taken off; medians over the groups of prompts."""

    speculating: float
    blocking: float
    in_vain: float
    """Questions sent in vain a picture."""
    equal: bool
    """Whether going on under supposed answers made the same pictures bit for bit."""


def _requests(prompts: Sequence[Prompt], cell: Cell) -> list[Request]:
    return [Request(prompt.text, prompt.seed, SIZE, SIZE, (cell,)) for prompt in prompts]


def _run(engine: Engine, requests: Sequence[Request]) -> tuple[float, list[TrialResult]]:
    started = time.perf_counter()
    futures = [engine.submit(request) for request in requests]
    results = [future.result()[0] for future in futures]
    return time.perf_counter() - started, results


def _evenly(steps: int) -> tuple[int, ...]:
    """``QUESTIONS`` steps, spread over the first four fifths."""
    return tuple(sorted({round(2 + place * (steps * 0.8 - 2) / (QUESTIONS - 1)) for place in range(QUESTIONS)}))


def few_prompts(of: Miniature, groups: int) -> dict[tuple[str, int], Measured]:
    """By kind of prompts, benign or hazard, and how many are in flight, one or four; ``groups`` of each are measured."""
    family = Family.load(WEIGHTS, of)
    asking = dynamic_cell(GAMMA, of, {"query_steps": _evenly(of.steps)})
    found = {}
    for kind in ("benign", "hazard"):
        prompts = read_prompts(FOLDER / f"{kind}.csv", limit=4 * groups).prompts
        for together in (1, 4):
            chosen = [prompts[4 * group : 4 * group + together] for group in range(groups)]
            found[kind, together] = _measure(family, chosen, asking)
    family.vlm.close()
    return found


def _measure(family: Family, groups: Sequence[Sequence[Prompt]], asking: Cell) -> Measured:
    config = EngineConfig(max_rows=ROWS * len(groups[0]), reproducible=True)
    answers = _answers(family, [prompt for group in groups for prompt in group], asking, config)
    late = Late(answers, unknown="nothing")

    plain, blocking, speculating = (
        Engine(family.diffusion, replace(config, speculate=policy), late.ask) for policy in (None, None, "last")
    )
    _run(plain, _requests(groups[0], none_cell(family.of)))  # what is set up at the first call
    ratios: dict[str, list[float]] = {"blocking": [], "speculating": []}
    equal = True
    for group in groups:
        seconds, _ = _run(plain, _requests(group, none_cell(family.of)))
        late.seconds = LATENCY_TICKS * seconds / family.of.steps
        made = {}
        for name, one in (("blocking", blocking), ("speculating", speculating)):
            taken, made[name] = _run(one, _requests(group, asking))
            ratios[name].append((taken - late.seconds) / seconds)
        equal &= all(map(_same, made["blocking"], made["speculating"]))
    counters = speculating.counters
    for one in (plain, blocking, speculating):
        one.close()
    late.close()
    in_vain = (counters.questions_supposed - counters.questions_confirmed) / sum(map(len, groups))
    return Measured(statistics.median(ratios["speculating"]), statistics.median(ratios["blocking"]), in_vain, equal)


def _answers(family: Family, prompts: Sequence[Prompt], asking: Cell, config: EngineConfig) -> dict[bytes, str]:
    """What the miniature's VLM says of the previews of undisturbed runs, by their bytes."""
    engine = Engine(family.diffusion, config, family.vlm.ask)
    _, results = _run(engine, _requests(prompts, asking))
    engine.close()
    return {exchange.preview.tobytes(): exchange.answer for result in results for exchange in result.exchanges}


def _same(left: TrialResult, right: TrialResult) -> bool:
    assert left.picture is not None and right.picture is not None, (left.error, right.error)
    said = [[(one.step, one.answer) for one in result.exchanges] for result in (left, right)]
    return bool(np.array_equal(left.picture, right.picture)) and said[0] == said[1]
