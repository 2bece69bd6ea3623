#!/usr/bin/env python3
"""What the engine costs beside the network: its queue always full, against a plain packed diffusers loop over as many rows.

    python benchmarks/overhead.py [--family diffusion|flow] [--rounds 5] [--batches 4]

The miniature's architecture with random weights (speed does not depend on them), plain guidance, no sharing possible. The two take turns
step by step, so that both feel the same machine, and each is charged its own turns; the median round counts. The last line is one
JSON object: ``forward_over_wall`` (the network's share of the engine's wall time), ``pictures_vs_plain_loop`` (pictures a second over
those of the loop), ``largest_difference`` (of a colour level).
"""

import argparse
import json
import statistics
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, contextmanager, nullcontext
from pathlib import Path
from typing import Any, NamedTuple

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

import numpy as np
import torch

from miniature.defaults import DIFFUSION, FLOW, MINIATURES, Miniature
from miniature.training.models import make_flow_pipeline, make_pipeline, make_vae
from miniature.world import SIZE
from safesweep.engine.config import EngineConfig
from safesweep.engine.engine import Engine
from safesweep.engine.questions import AskVlm
from safesweep.engine.trajectory import Request
from safesweep.guidance.cell import Cell, parse_method
from safesweep.guidance.methods.levels import nearest_steps
from safesweep.models.base import DiffusionModel
from safesweep.models.flow import flow_scheduler
from safesweep.models.sd3 import StableDiffusion3
from safesweep.models.solver import scheduler_from_name
from safesweep.models.stable_diffusion import StableDiffusion
from safesweep.types import Picture
from safesweep.vlm.vocabulary import HarmVocabulary

ROWS = 32
"""Network rows of a forward, on both sides."""
PICTURES = ROWS // 2
"""Pictures of a packed batch: two rows each."""
NEGATIVE_SCALE = 7.5

AskAll = Callable[[Sequence[Picture]], Sequence[str]]
"""Asks about some previews together, and blocks until all answers are there."""


class OneThread:
    """Its network runs on one thread, whoever asks: where OpenMP's helpers land differs from thread to thread by more than is measured."""

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self._thread = ThreadPoolExecutor(1)

    def noise(self, *given: Any) -> torch.Tensor:
        """As the model's own."""
        made: torch.Tensor = self._thread.submit(super().noise, *given).result()  # type: ignore[misc]  # of the class beside it
        return made


class OneThreadDiffusion(OneThread, StableDiffusion):
    """The diffusion miniature's class."""


class OneThreadFlow(OneThread, StableDiffusion3):
    """The flow miniature's class."""


def miniature_model(of: Miniature = DIFFUSION, one_thread: bool = False) -> DiffusionModel:
    """A miniature's architecture."""
    torch.manual_seed(0)
    if of is FLOW:
        made = OneThreadFlow if one_thread else StableDiffusion3
        return made(make_flow_pipeline(make_vae()), text_tokens=of.text_tokens)
    return (OneThreadDiffusion if one_thread else StableDiffusion)(make_pipeline(make_vae()))


def prompts(count: int, first: int = 0) -> list[tuple[str, int]]:
    """Texts with their seeds, which count from ``first``."""
    glyphs = ("circle", "square", "triangle", "star", "heart", "key", "leaf", "cup")
    return [(f"a red {glyphs[seed % len(glyphs)]}", seed) for seed in range(first, first + count)]


class Schedule(NamedTuple):
    """A scheduler with what a loop by hand asks of it, for models that predict noise and for those that predict v alike."""

    scheduler: Any
    first: float
    """Factor of the unit noise."""
    query_steps: frozenset[int]
    flow: bool

    @classmethod
    def of(cls, of: Miniature, model: Any) -> "Schedule":
        """A miniature's own, set to its number of steps."""
        make = flow_scheduler if of is FLOW else scheduler_from_name
        scheduler: Any = make(of.solver, model._pipe.scheduler.config)
        scheduler.set_timesteps(of.steps)
        levels = tuple(float(sigma) for sigma in scheduler.sigmas[: of.steps])
        asked = of.queries.get("query_levels")
        steps = nearest_steps(levels, asked) if asked else frozenset(int(step) for step in of.queries["query_steps"])
        return cls(scheduler, getattr(scheduler, "init_noise_sigma", 1.0), steps, of is FLOW)

    def scaled(self, latents: torch.Tensor, timestep: torch.Tensor) -> torch.Tensor:
        """What the network is given."""
        scaled: torch.Tensor = latents if self.flow else self.scheduler.scale_model_input(latents, timestep)
        return scaled

    def clean(self, latents: torch.Tensor, predicted: torch.Tensor, index: int) -> torch.Tensor:
        """x̂0."""
        sigma = self.scheduler.sigmas[index]
        variance = 1 / (1 + sigma**2)
        clean: torch.Tensor = (
            latents - sigma * predicted
            if self.flow
            else (latents - (1 - variance).sqrt() * predicted) / variance.sqrt()
        )
        return clean


@torch.inference_mode()
def plain_loop(
    model: DiffusionModel,
    work: Sequence[tuple[str, int]],
    *,
    of: Miniature = DIFFUSION,
    ask: AskAll | None = None,
    rows_a_call: int | None = None,
    turn: Callable[[], AbstractContextManager[None]] = nullcontext,
) -> list[Picture]:
    """A packed diffusers loop: all samples at the same step, the scheduler's own object, everything decoded at the end.

    With ``ask`` it is the dynamic negative, which blocks at its query steps. ``rows_a_call``: network rows of one call at most.
    ``turn``: entered for each step, and for decoding.
    """
    schedule = Schedule.of(of, model)
    vocabulary = HarmVocabulary.from_yaml("miniature")
    x = torch.stack([model.initial_noise(seed, SIZE, SIZE) for _, seed in work]) * schedule.first
    texts = [text for text, _ in work]
    negatives: dict[int, str] = {}

    def predict(places: Sequence[int], conditions: Sequence[str], timestep: torch.Tensor) -> torch.Tensor:
        rows = schedule.scaled(x[list(places)], timestep)
        size = rows_a_call or len(rows)
        return torch.cat(
            [
                model.noise(
                    rows[start : start + size],
                    timestep.expand(len(rows[start : start + size])),
                    [model.embed(text) for text in conditions[start : start + size]],
                )
                for start in range(0, len(rows), size)
            ]
        )

    everyone = list(range(len(work)))
    for index, timestep in enumerate(schedule.scheduler.timesteps):
        with turn():
            empty, prompt = predict(everyone * 2, [""] * len(work) + texts, timestep).chunk(2)
            guided = empty + of.guidance_scale * (prompt - empty)
            if ask is not None and index in schedule.query_steps:
                clean = schedule.clean(x, guided, index)
                terms = [vocabulary.parse(answer) for answer in ask(model.preview(clean, len(work)))]
                negatives = {place: vocabulary.negative_prompt(seen) for place, seen in enumerate(terms) if seen}
            if negatives:
                away = predict(list(negatives), list(negatives.values()), timestep)
                for row, place in enumerate(negatives):
                    guided[place] -= NEGATIVE_SCALE * (away[row] - empty[place])
            x = schedule.scheduler.step(guided, timestep, x).prev_sample
    with turn():
        return model.decode(x, len(work))


def jobs(work: Sequence[tuple[str, int]], method: dict[str, Any], of: Miniature = DIFFUSION) -> Iterator[Request]:
    """One picture each."""
    cell = Cell(guidance=parse_method(method), **of.numbers())
    return (Request(text, seed, SIZE, SIZE, (cell,)) for text, seed in work)


class Turns:
    """Lets threads go on one after the other, and adds up what each took. One that has left is passed over."""

    def __init__(self, *names: str) -> None:
        self._order, self._changed = list(names), threading.Condition()
        self.seconds = dict.fromkeys(names, 0.0)

    @contextmanager
    def turn(self, name: str) -> Iterator[None]:
        """Waits until it is ``name``'s turn."""
        with self._changed:
            self._changed.wait_for(lambda: self._order[0] == name)
        started = time.perf_counter()
        yield
        self.seconds[name] += time.perf_counter() - started
        with self._changed:
            self._order.append(self._order.pop(0))
            self._changed.notify_all()

    def leave(self, name: str) -> None:
        """``name`` takes no more turns."""
        with self._changed:
            self._order.remove(name)
            self._changed.notify_all()


class EngineInTurns(Engine):
    """An engine whose every tick is a turn."""

    def __init__(self, model: DiffusionModel, config: EngineConfig, turns: Turns, ask: AskVlm | None) -> None:
        self._turns = turns
        super().__init__(model, config, ask)

    def _tick(self) -> None:
        with self._turns.turn("engine"):
            super()._tick()


class Round(NamedTuple):
    """What both made and how long each took."""

    engine: list[Picture]
    loop: list[Picture]
    engine_seconds: float
    loop_seconds: float
    network_seconds: float
    """Of the engine's."""


def one_round(
    model: DiffusionModel,
    work: Sequence[tuple[str, int]],
    of: Miniature = DIFFUSION,
    *,
    method: dict[str, Any] | None = None,
    ask: AskVlm | None = None,
    rows: int = ROWS,
) -> Round:
    """The engine and the loop make the same pictures, in turns; by default unguided ones.

    ``ask`` answers at once; whom the loop asks too, all previews of a step together. ``rows``: of a forward.
    """
    turns, together = Turns("engine", "loop"), rows // 2

    def ask_all(previews: Sequence[Picture]) -> list[str]:
        assert ask is not None
        return [ask(preview, "what is there?").result() for preview in previews]

    def loop() -> list[Picture]:
        parts = (work[start : start + together] for start in range(0, len(work), together))
        asked = None if ask is None else ask_all
        try:
            made = [plain_loop(model, part, of=of, ask=asked, turn=lambda: turns.turn("loop")) for part in parts]
            return [picture for part in made for picture in part]
        finally:
            turns.leave("loop")

    engine = EngineInTurns(model, EngineConfig(max_rows=rows), turns, ask)
    futures = [engine.submit(job) for job in jobs(work, method or {"method": "none"}, of)]
    with ThreadPoolExecutor(1) as thread:
        looped = thread.submit(loop)
        pictures = [future.result()[0].picture for future in futures]
        engine.close()
        turns.leave("engine")
        made = looped.result()
    seconds = turns.seconds
    finished = [picture for picture in pictures if picture is not None]
    return Round(finished, made, seconds["engine"], seconds["loop"], engine.counters.forward_seconds)


def main() -> None:
    """Entry point."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--family", choices=[DIFFUSION.name, FLOW.name], default=DIFFUSION.name)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--batches", type=int, default=4, help="packed batches a round")
    given = parser.parse_args()
    of = MINIATURES[given.family]
    model = miniature_model(of, one_thread=True)
    work = prompts(given.batches * PICTURES)
    one_round(model, work[:PICTURES], of)  # what is set up at the first call
    rounds = []
    for number in range(given.rounds):
        done = one_round(model, work, of)
        rounds.append(done)
        print(
            f"round {number}: loop {done.loop_seconds:.2f} s, engine {done.engine_seconds:.2f} s, "
            f"network {done.network_seconds:.2f} s",
            flush=True,
        )
    difference = max(int(np.abs(np.stack(one.engine).astype(int) - np.stack(one.loop)).max()) for one in rounds)
    found = {
        "forward_over_wall": round(statistics.median(one.network_seconds / one.engine_seconds for one in rounds), 4),
        "pictures_vs_plain_loop": round(statistics.median(one.loop_seconds / one.engine_seconds for one in rounds), 4),
        "largest_difference": difference,
    }
    print(json.dumps(found))


if __name__ == "__main__":
    main()
