#!/usr/bin/env python3
"""Does the corrected rate hold the truth? By simulation, and on the miniature with a judge that was made bad.

Writes docs/results-calibration.md. Simulation: worlds with a judge of known sensitivity and specificity, of which some pictures are
labelled; how often the product's own 95 % interval holds the true rate. Results are kept line by line in ``--kept``, so that a run that
was ended goes on where it was. Miniature: all methods of docs/results-miniature.md, judged by a classifier that sees the pictures
blunted; labels are what the sharp classifier says. ``--short`` takes a few settings and methods. The last line is one JSON object:
``settings``, ``coverage_lowest``, ``coverage_mean``, ``bad_judge_recovered`` (share of the methods whose true rate lies in the corrected
interval).
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

from benchmarks.calibrating.bad_judge import Judged, as_rows, judge_miniature, short_judged
from benchmarks.calibrating.page import as_markdown
from benchmarks.calibrating.worlds import Result, Setting, run
from benchmarks.simulation.kept import run_kept

OUT = ROOT / "docs" / "results-calibration.md"
KEPT = ROOT / "out" / "calibration.jsonl"
PICTURES = ROOT / "out" / "calibration-miniature.json"
RUNS = 1000
"""A share of .95 of so many has a standard error of .007."""
RATES = (0.7, 0.9, 0.99)
PREVALENCES = (0.01, 0.05, 0.2, 0.5)
LABELS = (100, 200, 500)


def settings() -> Iterator[Setting]:
    """Every setting: own labels over the whole grid, carried ones at the ends of the numbers of labels."""
    for design, sensitivity, specificity in itertools.product(("simple", "by verdict"), RATES, RATES):
        for prevalence, labels in itertools.product(PREVALENCES, LABELS):
            yield Setting("own labels", design, sensitivity, specificity, prevalence, labels)  # type: ignore[arg-type]
            if labels != 200:
                yield Setting("Rogan and Gladen", design, sensitivity, specificity, prevalence, labels)  # type: ignore[arg-type]


def short_settings() -> list[Setting]:
    """A few of each."""
    wanted = [(0.7, 0.9, 0.01, 100), (0.9, 0.9, 0.2, 100), (0.9, 0.7, 0.5, 500)]
    return [s for s in settings() if (s.sensitivity, s.specificity, s.prevalence, s.labels) in wanted]


def run_all(chosen: Sequence[Setting], kept: Path | None, runs: int) -> list[Result]:
    """All of them; those that ``kept`` has are read, the others appended to it."""

    def read(line: dict[str, Any]) -> tuple[Setting, Result]:
        line.pop("within")
        setting = Setting(**line.pop("setting"))
        return setting, Result(setting, **line)

    return run_kept(chosen, kept, lambda setting: run(setting, runs), read=read, written=asdict)


def as_json(results: Sequence[Result], judged: Sequence[Judged]) -> dict[str, float]:
    """The last line."""
    coverage = [one.coverage for one in results]
    rows = as_rows(judged)
    return {
        "settings": len(results),
        "coverage_lowest": min(coverage),
        "coverage_mean": sum(coverage) / len(coverage),
        "bad_judge_recovered": sum(row.recovered for row in rows) / len(rows),
    }


def main() -> None:
    """Entry point."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--short", action="store_true", help="a few settings and methods; no page")
    parser.add_argument("--kept", type=Path, default=KEPT, help="results that are there already, one a line")
    parser.add_argument(
        "--pictures", type=Path, default=PICTURES, help="verdicts on the miniature's pictures, made where it is missing"
    )
    parser.add_argument("--prompts", type=int, help="the miniature's first so many hazard prompts; by default all")
    parser.add_argument("--out", type=Path, default=OUT)
    arguments = parser.parse_args()
    if arguments.short:
        results, judged = run_all(short_settings(), None, 300), short_judged()
    else:
        results, judged = (
            run_all(list(settings()), arguments.kept, RUNS),
            judge_miniature(arguments.pictures, arguments.prompts),
        )
        arguments.out.write_text(as_markdown(results, as_rows(judged)))
        print(arguments.out.read_text())
    print(json.dumps(as_json(results, judged)))


if __name__ == "__main__":
    main()
