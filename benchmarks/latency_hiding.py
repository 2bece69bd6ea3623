#!/usr/bin/env python3
"""What a slow VLM costs: this engine, lockstep batches that block, and one prompt at a time, at growing latency; and with few prompts.

    python benchmarks/latency_hiding.py [--family diffusion|flow] [--latencies 0 5 10 20] [--groups 5]

The dynamic negative on the miniature's architecture with random weights. The VLM is a deployment on Ray Serve that sleeps for a
number of ticks' time and uses no CPU; a tick is the time of one full forward of the engine, measured first. The engine is measured
while its queue is full, over a stretch after its start and before its end. Beside that, engine and lockstep batches take turns step by
step with a VLM that answers at once; and the trained miniature makes few pictures at a time, where nothing but going on under supposed
answers hides the latency (`benchmarks/latency/few_prompts.py`). The last line is one JSON object: ``retained_at_10`` (the
engine's pictures a second at 10 ticks of latency over those without), ``vs_lockstep`` and ``vs_serial`` (at 10 ticks, over the
others'), ``pictures_a_second`` by contender and latency; ``vs_lockstep_at_zero``, in turns; ``full_queue_ratio`` (pictures a second with
supposed answers over those without, at 10 ticks, the queue full); ``single_benign_over_plain``, ``single_hazard_over_plain`` and
``single_benign_blocking_over_plain`` (the time to the finished picture less one latency over plain guidance's, ten questions, one in
flight; the last one without supposed answers), the same of ``four``; ``pictures_equal``.
"""

import argparse
import asyncio
import json
import statistics
import sys
import time
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from pathlib import Path
from typing import Any, cast

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from ray import serve

from actors.serve_source import ServeSource
from benchmarks.latency.few_prompts import few_prompts
from benchmarks.overhead import NEGATIVE_SCALE, jobs, miniature_model, one_round, plain_loop, prompts
from miniature.defaults import DIFFUSION, FLOW, MINIATURES, Miniature
from pipelines.cluster import cluster
from safesweep.engine.config import EngineConfig, Policy
from safesweep.engine.engine import Engine
from safesweep.models.base import DiffusionModel
from safesweep.types import Picture
from safesweep.vlm.client import VlmClient

APP = "latency-hiding"
ROWS = 16
"""Network rows of the engine's forward."""
PICTURES = ROWS // 2
"""Pictures of a lockstep batch: two rows each, three while a negative is in force."""

Ask = Callable[[Picture, str], "Future[str]"]


@serve.deployment(max_ongoing_requests=10_000, ray_actor_options={"num_cpus": 0})
class SleepingVlm:
    """Answers by the preview's colours after a pause."""

    def __init__(self) -> None:
        self._seconds = 0.0

    def pause(self, seconds: float) -> None:
        """Lets every answer take ``seconds`` from now on."""
        self._seconds = seconds

    async def ask(self, picture: Picture, question: str) -> str:
        """The raw answer. ``picture``: uint8 [H, W, 3] RGB."""
        await asyncio.sleep(self._seconds)
        return by_colours(picture)


def engine_rate(
    model: DiffusionModel, of: Miniature, ask: Ask, warm: int, ticks: int, speculate: Policy | None = None
) -> tuple[float, float]:
    """Pictures a second over ``ticks`` forwards after ``warm`` ones, and seconds a forward.

    Pictures are rows over the rows of a picture, so that pictures that were begun before the stretch or end after it count in part.
    """
    engine = Engine(model, EngineConfig(max_rows=ROWS, speculate=speculate), ask)
    asking = dynamic(of)
    counters, made, rows_of_finished, seed = engine.counters, 0, 0.0, 0
    running: list[Future[Any]] = []
    marks: list[tuple[float, float]] = []
    while len(marks) < 2:
        while engine.waiting < PICTURES:
            running += [engine.submit(job) for job in jobs(prompts(1, seed), asking, of)]
            seed += 1
        if counters.ticks >= warm + ticks * len(marks):
            marks.append((time.perf_counter(), counters.rows - counters.rows_in_vain))
        time.sleep(0.002)
        for future in [future for future in running if future.done()]:
            running.remove(future)
            made, rows_of_finished = made + 1, rows_of_finished + future.result()[0].rows
    (begun, rows_before), (ended, rows_after) = marks
    engine.close()
    for future in running:
        made, rows_of_finished = made + 1, rows_of_finished + future.result()[0].rows
    rate = (rows_after - rows_before) / (ended - begun) / (rows_of_finished / made)
    return rate, (ended - begun) / ticks


def dynamic(of: Miniature) -> dict[str, Any]:
    """The dynamic negative as a cell takes it."""
    return {"method": "dynamic_negative", "negative_scale": NEGATIVE_SCALE, "vocabulary": "miniature", **of.queries}


def at_once(picture: Picture, question: str) -> "Future[str]":
    """`SleepingVlm`'s answer, without a pause."""
    future: Future[str] = Future()
    future.set_result(by_colours(picture))
    return future


def by_colours(picture: Picture) -> str:
    """The raw answer. ``picture``: uint8 [H, W, 3] RGB."""
    red, green, _ = picture.reshape(-1, 3).mean(axis=0)
    return "dagger" if red > green else "nothing"


def against_lockstep(model: DiffusionModel, of: Miniature, rounds: int, batches: int) -> float:
    """The engine's pictures a second over those of lockstep batches, both in turns with a VLM that answers at once; the median round."""
    work = prompts(batches * PICTURES)
    made = [one_round(model, work, of, method=dynamic(of), ask=at_once, rows=ROWS) for _ in range(rounds)]
    return statistics.median(one.loop_seconds / one.engine_seconds for one in made)


def with_a_full_queue(model: DiffusionModel, of: Miniature, ask: Ask, ticks: int, rounds: int) -> float:
    """Pictures a second with supposed answers over those without, one after the other; the median round."""
    ratios = []
    for _ in range(rounds):
        plain, _ = engine_rate(model, of, ask, 70, ticks)
        supposing, _ = engine_rate(model, of, ask, 70, ticks, speculate="last")
        ratios.append(supposing / plain)
    return statistics.median(ratios)


def loop_rate(model: DiffusionModel, of: Miniature, ask: Ask, pictures: int, rows_a_call: int | None = None) -> float:
    """Pictures a second of a loop over ``pictures`` at a time that blocks for answers."""

    def ask_all(previews: Sequence[Picture]) -> list[str]:
        return [future.result() for future in [ask(preview, "what is there?") for preview in previews]]

    started = time.perf_counter()
    plain_loop(model, prompts(pictures), of=of, ask=ask_all, rows_a_call=rows_a_call)
    return pictures / (time.perf_counter() - started)


def main() -> None:
    """Entry point."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--family", choices=[DIFFUSION.name, FLOW.name], default=DIFFUSION.name)
    parser.add_argument("--latencies", type=int, nargs="+", default=[0, 5, 10, 20], help="ticks; 0 and 10 among them")
    parser.add_argument("--ticks", type=int, default=100, help="forwards of the stretch that is measured")
    parser.add_argument("--rounds", type=int, default=3, help="of what takes turns")
    parser.add_argument("--groups", type=int, default=5, help="groups of few prompts, of each kind")
    given = parser.parse_args()
    of = MINIATURES[given.family]
    rates: dict[str, dict[int, float]] = {"engine": {}, "lockstep": {}, "serial": {}}
    with cluster():
        serve.start(proxy_location="Disabled")
        handle = serve.run(cast(serve.Deployment, SleepingVlm).bind(), name=APP, route_prefix=None)
        client = VlmClient(ServeSource(lambda: handle, 60.0), 60.0, 1)
        model = miniature_model(of)
        loop_rate(model, of, client.ask, PICTURES)  # what is set up at the first call
        _, tick = engine_rate(model, of, client.ask, 10, 30)
        print(f"a tick of {ROWS} rows takes {tick * 1000:.1f} ms", flush=True)
        for latency in given.latencies:
            handle.pause.remote(latency * tick).result()
            rates["engine"][latency], _ = engine_rate(model, of, client.ask, 40 + 3 * latency, given.ticks)
            rates["lockstep"][latency] = loop_rate(model, of, client.ask, PICTURES)
            rates["serial"][latency] = loop_rate(model, of, client.ask, 1, rows_a_call=1)
            shown = ", ".join(f"{name} {rates[name][latency]:.2f}" for name in rates)
            print(f"{latency:3d} ticks of latency, pictures a second: {shown}", flush=True)
        handle.pause.remote(10 * tick).result()
        full = with_a_full_queue(model, of, client.ask, given.ticks, given.rounds)
        print(f"with supposed answers, the queue full: {full:.3f} of the pictures a second without", flush=True)
        serve.delete(APP)
    at_zero = against_lockstep(miniature_model(of, one_thread=True), of, given.rounds, 4)
    print(f"without latency, in turns: {at_zero:.3f} of the lockstep batches' pictures a second", flush=True)
    few = few_prompts(of, given.groups)
    for (kind, together), one in few.items():
        print(
            f"{kind}, {together} in flight: {one.speculating:.2f} of plain guidance's time, {one.blocking:.2f} without supposed answers; "
            f"{one.in_vain:.1f} questions in vain a picture",
            flush=True,
        )
    engine = rates["engine"]
    found = {
        "retained_at_10": round(engine[10] / engine[0], 4),
        "vs_lockstep": round(engine[10] / rates["lockstep"][10], 3),
        "vs_serial": round(engine[10] / rates["serial"][10], 3),
        "vs_lockstep_at_zero": round(at_zero, 3),
        "full_queue_ratio": round(full, 4),
        **{
            f"{number}_{kind}{name}_over_plain": round(value, 3)
            for together, number in ((1, "single"), (4, "four"))
            for kind in ("benign", "hazard")
            for name, value in (("", few[kind, together].speculating), ("_blocking", few[kind, together].blocking))
        },
        "pictures_equal": all(one.equal for one in few.values()),
        "pictures_a_second": {name: {str(k): round(v, 3) for k, v in of.items()} for name, of in rates.items()},
    }
    print(json.dumps(found))


if __name__ == "__main__":
    main()
