#!/usr/bin/env python3
"""How often the intervals that the product prints hold the truth, by simulation; writes docs/coverage.md.

Worlds in which each prompt has a rate of its own (beta-binomial pictures, scores and losses that hang on them), over numbers of prompts,
pictures a prompt, correlations within prompts and rates; in each, many runs, and the product's own functions on each. Results are kept
line by line in ``--kept``, so that a run that was ended goes on where it was. ``--short`` takes a few settings and seconds. The
last line is one JSON object: ``settings``, ``share_within`` ([.93, .98], read as the page says), ``share_within_strictly``, ``lowest``,
``width_ratio_independent``.
"""

import argparse
import itertools
import json
import sys
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

import numpy as np

from benchmarks.simulation.kept import run_kept
from benchmarks.simulation.page import as_json, as_markdown
from benchmarks.simulation.tried import SUBSET, TRIED, Result
from benchmarks.simulation.worlds import CORRELATIONS, PICTURES, PROMPTS, RATES, Setting, World

OUT = ROOT / "docs" / "coverage.md"
KEPT = ROOT / "out" / "coverage.jsonl"
PROMPTS_A_SETTING, LEAST = 500_000, 600
"""Prompts that are drawn in a setting, and the fewest runs: a share of .95 of 600 has a standard error of .009."""


def settings() -> Iterator[Setting]:
    """Every setting; one picture a prompt has no correlation."""
    for name in TRIED:
        if name == "deviation":
            for professions, pictures, share in itertools.product((8, 36), (10, 50, 200), (0.5, 0.65, 0.8, 0.95)):
                yield Setting(name, professions, pictures, 0.0, share)
            continue
        for prompts, pictures in itertools.product(PROMPTS, PICTURES):
            if name == "expected maximum" and prompts < SUBSET:
                continue
            correlations = CORRELATIONS if pictures > 1 else CORRELATIONS[:1]
            for c, p in itertools.product(correlations, RATES if name != "CLIP" else RATES[-1:]):
                yield Setting(name, prompts, pictures, c, p)


def short_settings() -> list[Setting]:
    """Small samples of every interval."""
    chosen = [(36, 10, 0.0, 0.5), (50, 1, 0.0, 0.5), (50, 10, 0.5, 0.05), (50, 10, 0.5, 0.5)]
    return [one for one in settings() if (one.prompts, one.pictures, one.correlation, one.rate) in chosen]


def run(setting: Setting, runs: int | None = None) -> Result:
    """One setting, always from the same seed. Large samples, of which all is nearly normal, are run less often."""
    make, usual, _ = TRIED[setting.interval]
    wanted = runs or min(usual, max(LEAST, PROMPTS_A_SETTING // setting.prompts))
    seed = [ord(letter) for letter in repr(setting)]
    return make(World(setting, wanted, np.random.default_rng(seed)))


def run_all(chosen: Sequence[Setting], kept: Path | None, runs: int | None = None) -> list[Result]:
    """All of them; those that ``kept`` has are read, the others appended to it."""

    def read(line: dict[str, Any]) -> tuple[Setting, Result]:
        setting = Setting(**line.pop("setting"))
        return setting, Result(setting, **line)

    return run_kept(chosen, kept, lambda setting: run(setting, runs), read=read, written=asdict)


def main() -> None:
    """Entry point."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--short", action="store_true", help="some 30 settings in seconds; no page")
    parser.add_argument("--kept", type=Path, default=KEPT, help="results that are there already, one a line")
    parser.add_argument("--out", type=Path, default=OUT)
    arguments = parser.parse_args()
    if arguments.short:
        results = run_all(short_settings(), None, runs=200)
    else:
        results = run_all(list(settings()), arguments.kept)
        arguments.out.write_text(as_markdown(results))
        print(arguments.out.read_text())
    print(json.dumps(as_json(results)))


if __name__ == "__main__":
    main()
