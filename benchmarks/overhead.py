#!/usr/bin/env python3
"""What the engine costs beside the network: its queue always full, against a plain packed diffusers loop over as many rows.

    python benchmarks/overhead.py [--rounds 5] [--batches 4]

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
from typing import NamedTuple

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

import numpy as np
import torch
from diffusers import DiffusionPipeline

from miniature.defaults import GUIDANCE_SCALE, QUERY_STEPS, SOLVER, STEPS
from miniature.training.models import make_pipeline, make_vae
from miniature.world import SIZE
from safesweep.engine.config import EngineConfig
from safesweep.engine.engine import Engine
from safesweep.engine.trajectory import Request
from safesweep.guidance.cell import Cell, parse_method
from safesweep.models.base import DiffusionModel
from safesweep.models.stable_diffusion import StableDiffusion
from safesweep.models.text import TextEmbedding
from safesweep.types import Picture
from safesweep.vlm.vocabulary import HarmVocabulary

ROWS = 32
"""Network rows of a forward, on both sides."""
PICTURES = ROWS // 2
"""Pictures of a packed batch: two rows each."""
NEGATIVE_SCALE = 7.5

AskAll = Callable[[Sequence[Picture]], Sequence[str]]
"""Asks about some previews together, and blocks until all answers are there."""


def miniature_model(kind: type[StableDiffusion] = StableDiffusion) -> StableDiffusion:
    """The miniature's architecture."""
    torch.manual_seed(0)
    return kind(make_pipeline(make_vae()))


class OnOneThread(StableDiffusion):
    """Its network runs on one thread, whoever asks: where OpenMP's helpers land differs from thread to thread by more than is measured."""

    def __init__(self, pipe: DiffusionPipeline) -> None:
        super().__init__(pipe)
        self._thread = ThreadPoolExecutor(1)

    def noise(
        self,
        latents_RCHW: torch.Tensor,
        timesteps_R: torch.Tensor,
        texts: Sequence[TextEmbedding],
        embedded_R: torch.Tensor | None = None,
    ) -> torch.Tensor:
        return self._thread.submit(super().noise, latents_RCHW, timesteps_R, texts, embedded_R).result()


def prompts(count: int, first: int = 0) -> list[tuple[str, int]]:
    """Texts with their seeds, which count from ``first``."""
    glyphs = ("circle", "square", "triangle", "star", "heart", "key", "leaf", "cup")
    return [(f"a red {glyphs[seed % len(glyphs)]}", seed) for seed in range(first, first + count)]


@torch.inference_mode()
def plain_loop(
    model: StableDiffusion,
    work: Sequence[tuple[str, int]],
    *,
    ask: AskAll | None = None,
    rows_a_call: int | None = None,
    turn: Callable[[], AbstractContextManager[None]] = nullcontext,
) -> list[Picture]:
    """A packed diffusers loop: all samples at the same step, the scheduler's own object, everything decoded at the end.

    With ``ask`` it is the dynamic negative, which blocks at its query steps. ``rows_a_call``: network rows of one call at most.
    ``turn``: entered for each step, and for decoding.
    """
    scheduler = model.scheduler(SOLVER)
    scheduler.set_timesteps(STEPS)
    vocabulary = HarmVocabulary.from_yaml("miniature")
    noise = torch.stack([model.initial_noise(seed, SIZE, SIZE) for _, seed in work])
    x = noise * scheduler.init_noise_sigma
    texts = [text for text, _ in work]
    negatives: dict[int, str] = {}

    def predict(places: Sequence[int], conditions: Sequence[str], timestep: torch.Tensor) -> torch.Tensor:
        rows = scheduler.scale_model_input(x[list(places)], timestep)
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
    for index, timestep in enumerate(scheduler.timesteps):
        with turn():
            empty, prompt = predict(everyone * 2, [""] * len(work) + texts, timestep).chunk(2)
            guided = empty + GUIDANCE_SCALE * (prompt - empty)
            if ask is not None and index in QUERY_STEPS:
                variance = 1 / (1 + scheduler.sigmas[index] ** 2)
                clean = (x - (1 - variance).sqrt() * guided) / variance.sqrt()
                terms = [vocabulary.parse(answer) for answer in ask(model.preview(clean, len(work)))]
                negatives = {place: vocabulary.negative_prompt(seen) for place, seen in enumerate(terms) if seen}
            if negatives:
                away = predict(list(negatives), list(negatives.values()), timestep)
                for row, place in enumerate(negatives):
                    guided[place] -= NEGATIVE_SCALE * (away[row] - empty[place])
            x = scheduler.step(guided, timestep, x).prev_sample
    with turn():
        return model.decode(x, len(work))


def jobs(work: Sequence[tuple[str, int]], method: dict[str, object]) -> Iterator[Request]:
    """One picture each."""
    cell = Cell(guidance=parse_method(method), guidance_scale=GUIDANCE_SCALE, solver=SOLVER, num_inference_steps=STEPS)
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

    def __init__(self, model: DiffusionModel, config: EngineConfig, turns: Turns) -> None:
        self._turns = turns
        super().__init__(model, config)

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


def one_round(model: StableDiffusion, work: Sequence[tuple[str, int]]) -> Round:
    """The engine and the loop make the same pictures, in turns."""
    turns = Turns("engine", "loop")

    def loop() -> list[Picture]:
        parts = (work[start : start + PICTURES] for start in range(0, len(work), PICTURES))
        try:
            return [picture for part in parts for picture in plain_loop(model, part, turn=lambda: turns.turn("loop"))]
        finally:
            turns.leave("loop")

    engine = EngineInTurns(model, EngineConfig(max_rows=ROWS), turns)
    futures = [engine.submit(job) for job in jobs(work, {"method": "none"})]
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
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--batches", type=int, default=4, help="packed batches a round")
    given = parser.parse_args()
    model = miniature_model(OnOneThread)
    work = prompts(given.batches * PICTURES)
    one_round(model, work[:PICTURES])  # what is set up at the first call
    rounds = []
    for number in range(given.rounds):
        done = one_round(model, work)
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
