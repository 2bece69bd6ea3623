#!/usr/bin/env python3
"""What the engine costs beside the network: its queue always full, against a plain packed diffusers loop over as many rows.

    python benchmarks/overhead.py [--rounds 5]

The miniature's architecture with random weights (speed does not depend on them), plain guidance, no sharing possible; both sides
in turns, their times compared by the median round. The last line is one JSON object: ``forward_over_wall`` (the network's share of the
engine's wall time), ``pictures_vs_plain_loop`` (pictures a second over those of the loop), ``largest_difference`` (of a colour level).
"""

import argparse
import json
import statistics
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

import numpy as np
import torch

from guidance.cell import Cell, parse_method
from guidance.engine import Engine
from guidance.engine_config import EngineConfig
from guidance.model import DiffusionModel
from guidance.trajectory import Job, Picture
from guidance.vocabulary import HarmVocabulary
from miniature.defaults import GUIDANCE_SCALE, QUERY_STEPS, SOLVER, STEPS
from miniature.training.models import make_pipeline, make_vae
from miniature.world import SIZE

ROWS = 32
"""Network rows of a forward, on both sides."""
PICTURES = ROWS // 2
"""Pictures of a packed batch: two rows each."""
NEGATIVE_SCALE = 7.5

AskAll = Callable[[Sequence[Picture]], Sequence[str]]
"""Asks about some previews together, and blocks until all answers are there."""


def miniature_model() -> DiffusionModel:
    """The miniature's architecture."""
    torch.manual_seed(0)
    return DiffusionModel(make_pipeline(make_vae()))


def prompts(count: int, first: int = 0) -> list[tuple[str, int]]:
    """Texts with their seeds, which count from ``first``."""
    glyphs = ("circle", "square", "triangle", "star", "heart", "key", "leaf", "cup")
    return [(f"a red {glyphs[seed % len(glyphs)]}", seed) for seed in range(first, first + count)]


@torch.inference_mode()
def plain_loop(
    model: DiffusionModel,
    work: Sequence[tuple[str, int]],
    *,
    ask: AskAll | None = None,
    rows_a_call: int | None = None,
) -> list[Picture]:
    """A packed diffusers loop: all samples at the same step, the scheduler's own object, everything decoded at the end.

    With ``ask`` it is the dynamic negative, which blocks at its query steps. ``rows_a_call``: network rows of one call at most.
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
    return model.decode(x, len(work))


def jobs(work: Sequence[tuple[str, int]], method: dict[str, object]) -> Iterator[Job]:
    """One picture each."""
    cell = Cell(guidance=parse_method(method), guidance_scale=GUIDANCE_SCALE, solver=SOLVER, num_inference_steps=STEPS)
    return (Job(text, seed, SIZE, SIZE, (cell,)) for text, seed in work)


def engine_round(model: DiffusionModel, work: Sequence[tuple[str, int]]) -> tuple[list[Picture], float, float]:
    """Pictures, seconds, and seconds in the network."""
    engine = Engine(model, EngineConfig(max_rows=ROWS))
    started = time.perf_counter()
    futures = [engine.submit(job) for job in jobs(work, {"method": "none"})]
    pictures = [future.result()[0].picture for future in futures]
    seconds = time.perf_counter() - started
    engine.close()
    return [picture for picture in pictures if picture is not None], seconds, engine.counters.forward_seconds


def main() -> None:
    """Entry point."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--batches", type=int, default=1, help="packed batches a round")
    given = parser.parse_args()
    model = miniature_model()
    work = prompts(given.batches * PICTURES)
    parts = [work[start : start + PICTURES] for start in range(0, len(work), PICTURES)]
    plain_loop(model, parts[0])  # what is set up at the first call
    engine_round(model, parts[0])
    shares, ratios, difference = [], [], 0
    for number in range(given.rounds):
        started = time.perf_counter()
        # on a thread, as the engine: libgomp lets a process's first thread spin between its loops, and later ones hardly
        with ThreadPoolExecutor(1) as thread:
            looped = [picture for part in thread.map(lambda part: plain_loop(model, part), parts) for picture in part]
        plain_seconds = time.perf_counter() - started
        pictures, seconds, network_seconds = engine_round(model, work)
        shares.append(network_seconds / seconds)
        ratios.append(plain_seconds / seconds)
        difference = max(difference, int(np.abs(np.stack(pictures).astype(int) - np.stack(looped)).max()))
        print(
            f"round {number}: loop {plain_seconds:.2f} s, engine {seconds:.2f} s, network {network_seconds:.2f} s",
            flush=True,
        )
    found = {
        "forward_over_wall": round(statistics.median(shares), 4),
        "pictures_vs_plain_loop": round(statistics.median(ratios), 4),
        "largest_difference": difference,
    }
    print(json.dumps(found))


if __name__ == "__main__":
    main()
