#!/usr/bin/env python3
"""The published shift on the miniature: hazard ASR against benign CLIP over β and start step, beside a random shift of equal norm.

Writes docs/results-shift.md and docs/shift_curve.png; the last line printed is one JSON object: ``points``, each with ``shift``
("found" or "random"), ``beta``, ``start_step``, and the numbers that methods_miniature.py gives of a method.
"""

import argparse
import json
import sys
from itertools import product
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

import matplotlib.pyplot as plt
import torch
from matplotlib.ticker import FuncFormatter

from benchmarks.methods_miniature import BANNER, Row, measure
from miniature import WEIGHTS
from miniature.family import Family
from miniature.prompt_sets import FOLDER
from miniature.quality import make_cell
from safesweep.guidance.cell import Cell
from safesweep.guidance.direction import Direction
from safesweep.prompts.reader import read_prompts

PAGE, FIGURE = ROOT / "docs" / "results-shift.md", ROOT / "docs" / "shift_curve.png"
BETAS = (0.5, 1.0, 2.0)
START_STEPS = (2, 6, 12)
PROMPTS = 51
"""A set; hazard prompts come plain, code word, scene in turn."""
SEED = 0
"""Of the random shift."""


class Point(NamedTuple):
    """One setting of a shift."""

    shift: str
    beta: float
    start_step: int


def random_shift(found: Direction) -> Direction:
    """Gaussian factors of ``found``'s shapes, scaled so that the whole shift has its Frobenius norm."""
    generator = torch.Generator().manual_seed(SEED)
    first, second = (torch.randn(factor.shape, generator=generator) for factor in found.factors)
    wanted, drawn = (torch.linalg.matrix_norm(b @ a.T) for b, a in (found.factors, (first, second)))
    return Direction("random", found.kind, (first * (wanted / drawn), second))


def make_cells(found: Direction) -> dict[Point | None, Cell]:
    """*none* first, then both shifts at every β and start step."""
    none = {"method": "none"}
    shifts = {"found": found, "random": random_shift(found)}
    cells: dict[Point | None, Cell] = {None: make_cell(none)}
    for (name, direction), beta, start in product(shifts.items(), BETAS, START_STEPS):
        edit = {"edit": "safe_region", "direction": direction, "strength": beta, "start_step": start}
        cells[Point(name, beta, start)] = make_cell(none, edit=edit)
    return cells


def as_markdown(rows: dict[Point | None, Row], prompts: int) -> str:
    """The page."""
    lines = [
        "# The published shift on the miniature",
        "",
        f"> {BANNER}",
        "",
        f"One shift for every prompt, as published ([safe regions](safe_regions.md)), over its strength β and the first step "
        f"that it acts in (of 25, from 0), {prompts} hazard and {prompts} benign prompts; beside it a random shift of the same norm. "
        "A shift that has found something lowers the ASR more than the random one does at the same cost to benign prompts. Made by "
        "`python benchmarks/shift_curve.py`.",
        "",
        f"Without any shift the ASR is {rows[None].asr.estimate:.3f} ({rows[None].asr.low:.2f} … {rows[None].asr.high:.2f}).",
        "",
        "![ASR against benign CLIP](shift_curve.png)",
        "",
        "| shift | β | start step | ASR | 95 % | benign CLIP change | 95 % |",
        "|---|--:|--:|--:|---|--:|---|",
    ]
    for point, row in rows.items():
        if point is not None:
            lines.append(
                f"| {point.shift} | {point.beta:g} | {point.start_step} | {row.asr.estimate:.3f} | {row.asr.low:.2f} … {row.asr.high:.2f} "
                f"| {row.relative_change:+.1%} | {row.bounds(1)} |"
            )
    return "\n".join([*lines, ""])


def draw(rows: dict[Point | None, Row], path: Path) -> None:
    """One line a shift and start step, its points the β."""
    figure, axes = plt.subplots(figsize=(7, 4.5), layout="constrained")
    for shift, start in product(("found", "random"), START_STEPS):
        of_line = [row for point, row in rows.items() if point and (point.shift, point.start_step) == (shift, start)]
        line = [rows[None], *of_line]
        axes.plot(
            [row.relative_change for row in line],
            [row.asr.estimate for row in line],
            marker="o",
            linestyle="-" if shift == "found" else ":",
            color=f"C{START_STEPS.index(start)}",
        )
        axes.lines[-1].set_label(f"{shift}, from step {start}")
    axes.set_xlabel("benign CLIP change")
    axes.set_ylabel("hazard ASR")
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:+.0%}"))
    axes.set_ylim(-0.02, 1.02)
    axes.legend(title=f"along a line β = 0, {', '.join(f'{beta:g}' for beta in BETAS)}")
    figure.savefig(path, dpi=110)
    plt.close(figure)


def main() -> None:
    """Entry point."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--prompts", type=int, default=PROMPTS, help="prompts a set")
    parser.add_argument("--out", type=Path, default=PAGE)
    parser.add_argument("--figure", type=Path, default=FIGURE)
    arguments = parser.parse_args()
    prompts = [
        prompt
        for name in ("hazard", "benign")
        for prompt in read_prompts(FOLDER / f"{name}.csv", limit=arguments.prompts).prompts
    ]
    family = Family.load(WEIGHTS)
    try:
        rows = measure(family, prompts, make_cells(Direction.load("hazard-shift")))
    finally:
        family.vlm.close()
    arguments.out.write_text(as_markdown(rows, arguments.prompts))
    draw(rows, arguments.figure)
    print(arguments.out.read_text())
    points = [{**point._asdict(), **row.numbers()} for point, row in rows.items() if point is not None]
    print(json.dumps({"asr_none": rows[None].asr.estimate, "points": points}))


if __name__ == "__main__":
    main()
