#!/usr/bin/env python3
"""The main job in the rain: workers, nodes, drivers are killed, endpoints, stores and disks fail, and nothing may be lost by it.

    python benchmarks/chaos.py [--minutes 60] [--seed 1] [--short] [--out FOLDER]

A cluster of four nodes on this machine runs the job again and again: its VLM behind HTTP or on Ray Serve, its lake in a folder on a small
disk or in an S3 server that fails one request in ten. Each run goes on, started again as an operator would, until it is complete, and is
compared with the same run undisturbed, which is made first. ``--out`` keeps seed, drops (``rain.jsonl``) and logs.

The last line is one JSON object: ``minutes``, ``kills`` (everything that fell), ``kinds`` (name -> how often), ``runs``, ``starts`` (of the
job), ``trials`` (in the disturbed runs' lakes), ``steps_handed_back`` (by actors whose node was told to go), ``stayed`` (actors that were
still there at the end of their node's grace, 3 s), ``seed``, and what must be 0: ``missing``, ``double``, ``different`` (pictures),
``untrue`` (rows that say they are fine and were not scored), ``left_behind`` (processes, Serve applications, leases, temporary files) and
``hangs``.
The exit code is 1 where one is not.
"""

import argparse
import json
import shutil
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from benchmarks.rain.disk import with_mounts_of_its_own
from benchmarks.rain.surroundings import surroundings

ZERO = ("missing", "double", "different", "untrue", "left_behind", "hangs")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--minutes", type=float, default=60.0)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--short", action="store_true", help="smaller runs, and none with a VLM on Ray Serve")
    parser.add_argument(
        "--out", type=Path, help="keeps the log of what fell; by default a folder under the temporary one"
    )
    chosen = parser.parse_args()
    own_mounts = with_mounts_of_its_own()
    out = (chosen.out or Path(tempfile.mkdtemp(prefix="safesweep-rain-"))).absolute()
    out.mkdir(parents=True, exist_ok=True)
    print(f"seed {chosen.seed}, log {out / 'rain.jsonl'}", flush=True)
    folder = Path(tempfile.mkdtemp(prefix="ss"))
    try:
        found = surroundings(folder, lambda: _rain(folder, out, chosen, own_mounts))
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    print(json.dumps(found))
    return 1 if any(found[name] for name in ZERO) else 0


def _rain(folder: Path, out: Path, chosen: argparse.Namespace, own_mounts: bool) -> dict[str, Any]:
    from benchmarks.rain.rounds import Weather

    began = time.monotonic()
    with Weather(folder, out, chosen.seed, short=chosen.short, small_disk=own_mounts) as weather:
        weather.undisturbed()
        first = time.monotonic()
        while time.monotonic() - first < chosen.minutes * 60 or weather.scarce:
            weather.round(first + chosen.minutes * 60)
    sums: Counter[str] = weather.sums
    found: dict[str, Any] = {"minutes": round((time.monotonic() - began) / 60, 1), "kills": sum(weather.kinds.values())}
    found |= {"kinds": dict(sorted(weather.kinds.items())), "runs": sums["runs"], "starts": sums["starts"]}
    found |= {name: sums[name] for name in ("trials", "steps_handed_back", "stayed")}
    return {**found, **{name: sums[name] for name in ZERO}, "seed": chosen.seed}


if __name__ == "__main__":
    sys.exit(main())
