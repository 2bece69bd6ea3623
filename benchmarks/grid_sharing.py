#!/usr/bin/env python3
"""What lazy forking saves: G values of γ in one job a prompt, against separate runs of each.

The miniature's prompts and VLM, the engine directly (no Ray). For benign prompts, hazard prompts and an 80/20 mix, prints network rows
and wall time of the shared run over those of separate runs. The last line is one JSON object:
``rows_ratio_benign``, ``rows_ratio_80_20``, ``wall_ratio_benign``, ``wall_ratio_80_20`` (all at the largest G), ``pictures_equal``.
"""

import argparse
import json
import sys
import time
from collections.abc import Sequence
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import numpy as np

from miniature import WEIGHTS
from miniature.defaults import DIFFUSION, MINIATURES
from miniature.family import Family
from miniature.prompt_sets import FOLDER
from miniature.quality import dynamic_cell
from miniature.world import SIZE
from safesweep.engine.config import EngineConfig
from safesweep.engine.engine import Engine
from safesweep.engine.trajectory import Request
from safesweep.prompts.reader import read_prompts
from safesweep.types import Picture, Prompt

SCALES = (7.5, 5.0, 10.0, 4.0, 6.0, 8.0, 9.0, 12.0)
CONFIG = EngineConfig(max_rows=32, max_trajectories=64, reproducible=True)


def run(
    family: Family, prompts: Sequence[Prompt], grids: Sequence[Sequence[float]]
) -> tuple[int, float, list[Picture]]:
    """Rows, seconds and pictures (by γ, then prompt) of one engine run a grid, each over all prompts."""
    pictures: list[Picture] = []
    rows, started = 0, time.perf_counter()
    for grid in grids:
        engine = Engine(family.diffusion, CONFIG, family.vlm.ask)
        cells = tuple(dynamic_cell(gamma, family.of) for gamma in grid)
        jobs = [Request(prompt.text, prompt.seed, SIZE, SIZE, cells) for prompt in prompts]
        results = [future.result() for future in [engine.submit(job) for job in jobs]]
        engine.close()
        rows += engine.counters.rows
        for place in range(len(grid)):
            for trials in results:
                picture = trials[place].picture
                assert picture is not None, trials[place].error
                pictures.append(picture)
    return rows, time.perf_counter() - started, pictures


def main() -> None:
    """Entry point."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--family", choices=list(MINIATURES), default=DIFFUSION.name)
    parser.add_argument("--prompts", type=int, default=20, help="prompts a set")
    parser.add_argument("--scales", type=int, nargs="+", default=[1, 3, 5], help="the values of G")
    arguments = parser.parse_args()
    family = Family.load(WEIGHTS, MINIATURES[arguments.family])
    hazard = read_prompts(FOLDER / "hazard.csv", limit=arguments.prompts).prompts
    benign = read_prompts(FOLDER / "benign.csv", limit=arguments.prompts).prompts
    fifth = arguments.prompts // 5
    sets = {"benign": benign, "80_20": benign[: arguments.prompts - fifth] + hazard[:fifth], "hazard": hazard}
    found: dict[str, float | bool] = {"pictures_equal": True}
    for name, prompts in sets.items():
        for count in arguments.scales:
            scales = SCALES[:count]
            shared_rows, shared_seconds, shared = run(family, prompts, [scales])
            alone_rows, alone_seconds, alone = run(family, prompts, [[gamma] for gamma in scales])
            equal = all(np.array_equal(left, right) for left, right in zip(shared, alone, strict=True))
            found[f"rows_ratio_{name}"] = round(shared_rows / alone_rows, 4)
            found[f"wall_ratio_{name}"] = round(shared_seconds / alone_seconds, 4)
            found["pictures_equal"] = bool(found["pictures_equal"]) and equal
            print(
                f"{name:7s} G={count}: rows {shared_rows} of {alone_rows}, "
                f"{shared_seconds:.1f} of {alone_seconds:.1f} s, pictures equal: {equal}",
                flush=True,
            )
    family.vlm.close()
    print(json.dumps(found))


if __name__ == "__main__":
    main()
