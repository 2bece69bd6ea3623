#!/usr/bin/env python3
"""How the graph scales with diffusion actors, and how many trials a second it carries when the network is free. Needs no GPU.

    python benchmarks/scaling.py [--actors 1 4 16] [--seconds 40] [--steps 25]

Everything is the product's own, from the prompt file to the lake, but the diffusion network, whose forward takes a set time and no
processor, and the scorers, which cost nothing (`benchmarks/simulation/timed_network.py`, a plugin). Nodes are simulated on this machine and
say that they have more CPUs than there are. Rates are of the stretch in which every actor had a full batch, from the times that the lake
has for its trials. The last line is one JSON object: ``efficiency_16`` (trials a second of the most actors over as many times those of
one), ``trials_per_second_free_network``, and the figures of each run.
"""

import argparse
import json
import statistics
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

import numpy as np
import pyarrow.parquet as pq
from rich.console import Console

from benchmarks.simulation import timed_network
from benchmarks.simulation.usage import store_bytes, watched
from pipelines.cluster import ray_variables
from pipelines.config import RunConfig

ROWS = 24
"""Network rows of a forward: two a picture."""
FORWARD_MS = 100.0
ACTORS_A_NODE = 8
NODE_CPUS = 16
STORE = 200 * 2**20
"""Bytes of a node's object store."""
SIDE = 64
"""Of a picture, pixels."""
VARIABLES = {
    "PYTHONPATH": str(ROOT),
    "RAY_AUTH_MODE": "disabled",
    "RAY_USAGE_STATS_ENABLED": "0",
    "RAY_prestart_worker_first_driver": "0",
    "SAFESWEEP_PLUGINS": timed_network.PLUGIN,
    "OMP_NUM_THREADS": "1",
}


@contextmanager
def simulated_nodes(actors: int) -> Iterator[str]:
    """The address of a cluster with places for ``actors`` diffusion actors and the other stages; no worker of its own is started."""
    # a folder of its own: the file that names the machine's cluster to others is another's
    with tempfile.TemporaryDirectory(prefix="ss") as folder, ray_variables({**VARIABLES, "RAY_TMPDIR": folder}):
        yield from _nodes(actors)


def _nodes(actors: int) -> Iterator[str]:
    import ray
    from ray.cluster_utils import Cluster

    node = {"num_cpus": NODE_CPUS, "object_store_memory": STORE, "include_dashboard": False}
    cluster = Cluster(initialize_head=True, head_node_args=node)
    try:
        for _ in range(-(-actors // ACTORS_A_NODE) - 1):
            cluster.add_node(num_cpus=NODE_CPUS, object_store_memory=STORE)
        yield cluster.address
    finally:
        ray.shutdown()
        cluster.shutdown()


def settings(
    folder: Path, prompts: int, actors: int, forward_ms: float, steps: int, options: Sequence[str]
) -> RunConfig:
    """A run's configuration; makes its checkpoint and its prompt file."""
    from pipelines.command_line import read_config

    model = timed_network.make_checkpoint(folder / "model", forward_ms, folder / "diaries")
    file = folder / "prompts.csv"
    file.write_text("prompt,seed\n" + "".join(f"a red circle number {n},{n}\n" for n in range(prompts)))
    free = json.dumps([{"kind": timed_network.KIND}])
    also_free = json.dumps([{"kind": timed_network.KIND, "name": "also"}])
    given = {
        "prompts": str(file),
        "cells": '[{"method": "none"}]',
        "solver": "EulerDiscreteScheduler",
        "num_inference_steps": steps,
        "width": SIDE,
        "height": SIDE,
        "profile": timed_network.KIND,
        "lake": str(folder / "lake"),
        "run_id": "scaling",
        "diffusion.model": str(model),
        "diffusion.max_rows": ROWS,
        "diffusion.actors": actors,
        "diffusion.reproducible": "false",
        "diffusion.threads": 1,
        "safety.scorers": free,
        "alignment.scorers": also_free,
        "safety.threads": "null",
        "alignment.threads": "null",
    }
    return read_config([word for name, value in given.items() for word in (f"--{name}", str(value))] + list(options))


class Measured(NamedTuple):
    """A run's figures, of the stretch in which all actors worked."""

    actors: int
    trials: int
    """Of the whole run."""
    stretch_s: float
    trials_per_second: float
    network_share: float
    """Of the actors' time, that in a forward."""
    lag_s: float
    """Median of the time from a trial's end to its file."""
    cores: dict[str, float]
    """Processors that each kind of process kept busy."""
    processes: int
    """That Ray started for the run."""
    store_bytes_a_trial: float
    spilled_bytes: int


def measure(
    address: str, prompts: int, actors: int, forward_ms: float, steps: int, options: Sequence[str] = ()
) -> Measured:
    """Runs ``prompts`` prompts through the whole graph on the cluster at ``address``."""
    from pipelines.evaluation import check, evaluate

    with tempfile.TemporaryDirectory() as name:
        config = settings(Path(name), prompts, actors, forward_ms, steps, ["--address", address, *options])
        before = store_bytes(address)
        with watched() as usage:
            result = evaluate(config, *check(config), Console(quiet=True))
        if result.missing or result.unscored:
            raise SystemExit(f"{result.missing} trials missing, {result.unscored} unscored of {result.expected}")
        after = store_bytes(address)
        begin, end, share = stretch(Path(name) / "diaries", steps)
        ended, lags = finished(Path(name) / "lake", begin, end)
        return Measured(
            actors=actors,
            trials=result.held,
            stretch_s=round(end - begin, 1),
            trials_per_second=round(pace(ended), 3),
            network_share=round(share, 4),
            lag_s=round(statistics.median(lags), 2),
            cores=usage.cores(begin, end),
            processes=usage.started,
            store_bytes_a_trial=round((after["created"] - before["created"]) / result.held),
            spilled_bytes=after["spilled"] - before["spilled"],
        )


def stretch(diaries: Path, steps: int) -> tuple[float, float, float]:
    """When all actors had full batches, from and to, seconds since 1970, and the share of it that they were in the network."""
    workers = list(timed_network.read_diaries(diaries).values())
    # from the end of an actor's first pictures on, and without its last two batches: there is not enough left to fill them
    begin = max(forwards[min(steps, len(forwards) - 1)].begun for forwards in workers)
    end = min(forwards[max(0, len(forwards) - 1 - 2 * steps)].ended for forwards in workers)
    if not begin < end:
        raise SystemExit("the actors never worked all at once: give more trials")
    busy = sum(one.ended - one.begun for forwards in workers for one in forwards if begin <= one.begun < end)
    return begin, end, busy / (end - begin) / len(workers)


def finished(lake: Path, begin: float, end: float) -> tuple[np.ndarray, list[float]]:
    """When the trials of a stretch ended, and how long each took from there to its file, seconds."""
    ended, lags = [], []
    for path in lake.rglob("part-*.parquet"):
        times = pq.read_table(path, columns=["finished_at"])["finished_at"].cast("int64").to_numpy() / 1000
        lags += (path.stat().st_mtime - times).tolist()
        ended.append(times[(times >= begin) & (times < end)])
    return np.sort(np.concatenate(ended)), lags


def pace(ended: np.ndarray) -> float:
    """Trials a second, the slope of their count over time: pictures end a batch at a time, so a count alone depends on where it begins."""
    # a batch's trials count from its middle
    times, places = np.unique(ended.round(1), return_inverse=True)
    counts = np.bincount(places)
    middle = np.cumsum(counts) - counts / 2
    return float(np.polyfit(times - times[0], middle, 1, w=np.sqrt(counts))[0])


def report(name: str, found: Measured) -> None:
    """A line or two for people."""
    cores = ", ".join(f"{kind} {busy:.2f}" for kind, busy in found.cores.items())
    print(
        f"{name}: {found.trials_per_second:.1f} trials a second over {found.stretch_s:.0f} s ({found.trials} trials in all), "
        f"{found.network_share:.1%} of the time in the network, {found.lag_s:.1f} s to the lake\n"
        f"    processors busy: {cores}; {found.processes} processes were started\n"
        f"    object store: {found.store_bytes_a_trial:.0f} bytes a trial, {found.spilled_bytes} spilled",
        flush=True,
    )


def main() -> None:
    """Entry point."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--actors", type=int, nargs="*", default=[1, 4, 16], help="of the timed network; 1 among them")
    parser.add_argument("--seconds", type=float, default=40, help="of the stretch that is measured, about")
    parser.add_argument("--steps", type=int, default=25, help="of a picture")
    parser.add_argument("--free", type=int, default=12_000, help="trials of the free network; 0: none")
    parser.add_argument("--free_actors", type=int, default=2, help="diffusion actors of the free network")
    parser.add_argument(
        "--options", nargs=argparse.REMAINDER, default=[], help="of the run, as safesweep eval takes them"
    )
    given = parser.parse_args()
    found: dict[str, Any] = {}
    rates: dict[int, Measured] = {}
    for actors in given.actors:
        ideal = actors * (ROWS / 2) / (given.steps * FORWARD_MS / 1000)
        # actors start one after the other, some seconds each: those that are there already work meanwhile
        prompts = int(ideal * (given.seconds + 2 * actors + 10))
        with simulated_nodes(actors) as address:
            rates[actors] = measure(address, prompts, actors, FORWARD_MS, given.steps, given.options)
        report(f"{actors} actors of a {FORWARD_MS:.0f} ms forward", rates[actors])
    if rates:
        most = max(rates)
        found[f"efficiency_{most}"] = round(
            rates[most].trials_per_second / (most * rates[min(rates)].trials_per_second / min(rates)), 4
        )
    if given.free:
        with simulated_nodes(given.free_actors) as address:
            free = measure(address, given.free, given.free_actors, 0.0, given.steps, given.options)
        report(f"{given.free_actors} actors of a free network", free)
        found["trials_per_second_free_network"] = round(free.trials_per_second, 1)
        found["free_network"] = free._asdict()
    print(json.dumps({**found, "by_actors": {str(actors): one._asdict() for actors, one in rates.items()}}))


if __name__ == "__main__":
    main()
