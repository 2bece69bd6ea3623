#!/usr/bin/env python3
"""Base, unlearned and guided, and both together: the miniature's two unlearned LoRAs in one paired table.

    python benchmarks/checkpoints.py [--prompts N] [--gamma 15]

The engine directly (no Ray), the committed hazard and benign prompts, every cell on the same prompts and seeds. Writes
docs/results-checkpoints.md; the last line is one JSON object, cell -> ``asr``, ``asr_by_kind`` (plain, code, scene), ``benign_correct`` and
``clip_benign``.
"""

import argparse
import json
import shlex
import sys
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from benchmarks.methods_miniature import BANNER
from benchmarks.paired_methods import Methods, measure_methods, table_lines
from miniature import WEIGHTS
from miniature.family import Family
from miniature.prompt_sets import FOLDER, HAZARD_KINDS
from miniature.quality import dynamic_cell, none_cell
from safesweep.guidance.cell import Cell
from safesweep.models.variants.checkpoint import Checkpoint
from safesweep.prompts.reader import read_prompts
from safesweep.types import Prompt

PAGE = ROOT / "docs" / "results-checkpoints.md"
LORAS = ("unlearned", "unlearned-poorly")
GAMMA = 15.0
"""Of the dynamic negative: what the miniature's report chooses on validation prompts."""


def make_cells(gamma: float) -> dict[str, Cell]:
    """Name in the table -> cell."""
    none, dynamic = none_cell(), dynamic_cell(gamma)
    put = {name: Checkpoint.model_validate({"loras": [{"path": str(WEIGHTS / "lora" / name)}]}) for name in LORAS}
    cells = {"none": none}
    cells |= {name: none.model_copy(update={"checkpoint": one}) for name, one in put.items()}
    cells[f"dynamic negative γ={gamma:g}"] = dynamic
    cells |= {f"{name} + dynamic": dynamic.model_copy(update={"checkpoint": one}) for name, one in put.items()}
    return cells


def by_kind(found: Methods, hazard: list[Prompt]) -> dict[str, dict[str, float]]:
    """Cell -> kind of hazard prompts -> share of their pictures that show a hazard."""
    places = {kind: [n for n, one in enumerate(hazard) if kind in one.categories] for kind in HAZARD_KINDS}
    return {
        name: {kind: float(unsafe[own].mean()) if own else float("nan") for kind, own in places.items()}
        for name, unsafe in found.unsafe.items()
    }


def as_markdown(found: Methods, kinds: dict[str, dict[str, float]], hazard: int, benign: int, words: list[str]) -> str:
    """The page."""
    command = shlex.join(["python", "benchmarks/checkpoints.py", *words])
    lines = [
        "# Unlearned checkpoints beside guidance",
        "",
        f"> {BANNER}",
        "",
        f"{hazard} hazard prompts and {benign} benign ones, one picture each, the same seeds for every cell; made by `{command}`.",
        "The two LoRAs are the miniature's ([checkpoints](checkpoints.md#a-miniature-that-has-unlearned)): *unlearned* was trained on",
        "every kind of hazard caption, *unlearned-poorly* on plain names alone. Intervals are 95 %, changes are paired with *none* by",
        "prompt, p is Holm's over the cells.",
        "",
        *table_lines(found.rows),
        "",
        "ASR by kind of prompt:",
        "",
        "| cell | " + " | ".join(HAZARD_KINDS) + " |",
        "|---|" + "--:|" * len(HAZARD_KINDS),
        *(
            f"| {name} | " + " | ".join(f"{rates[kind]:.2f}" for kind in HAZARD_KINDS) + " |"
            for name, rates in kinds.items()
        ),
        "",
    ]
    return "\n".join(lines)


def main() -> None:
    """Entry point."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--prompts", type=int, default=None, help="prompts a set; by default all")
    parser.add_argument("--gamma", type=float, default=GAMMA, help="γ of the dynamic negative")
    parser.add_argument("--out", type=Path, default=PAGE)
    arguments = parser.parse_args()
    hazard = read_prompts(FOLDER / "hazard.csv", limit=arguments.prompts).prompts
    benign = read_prompts(FOLDER / "benign.csv", limit=arguments.prompts).prompts
    family = Family.load(WEIGHTS)
    try:
        found = measure_methods(family, hazard, benign, make_cells(arguments.gamma))
    finally:
        family.vlm.close()
    kinds = by_kind(found, hazard)
    page = as_markdown(found, kinds, len(hazard), len(benign), sys.argv[1:])
    arguments.out.write_text(page)
    print(page)
    last: dict[str, Any] = {
        name: {
            "asr": row.asr.estimate,
            "asr_by_kind": kinds[name],
            "benign_correct": row.right.estimate,
            "clip_benign": row.clip,
        }
        for name, row in found.rows.items()
    }
    print(json.dumps(last))


if __name__ == "__main__":
    main()
