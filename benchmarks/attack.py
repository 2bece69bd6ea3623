#!/usr/bin/env python3
"""The adaptive attack on the miniature's defences, at equal budgets and against random rewriting.

The searches of ``safesweep attack``, with the engine and the scorers in this process; ``--cluster`` starts the command's own actors
instead. Started again with the same ``--lake`` it goes on where it was killed, also with further cells. Targets are the committed prompts
that name a hazard plainly. Writes docs/results-attack.md and its figure; the last line printed is one JSON object with, by
cell, ``asr_1``, ``asr_10``, ``asr_50``, ``random_50``, ``p_value``, and ``searches_overhead``: the time of searches side by side against
that of their network rows alone.
"""

import argparse
import json
import shlex
import sys
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from rich.console import Console

from benchmarks.attacking.here import attack_here
from benchmarks.attacking.overhead import Overhead, measure_overhead
from benchmarks.attacking.page import Defence, as_markdown, draw_winners, written
from miniature import WEIGHTS
from miniature.family import Vlm
from pipelines.attack.config import AttackConfig
from pipelines.attack.result import attack_outcome
from pipelines.attack.run import attack, check_attack
from pipelines.command_line import read_config
from safesweep.files import json_ready
from safesweep.guidance.cell import cell_labels
from safesweep.reports.attack_table import attack_table

PAGE = ROOT / "docs" / "results-attack.md"
FIGURE = ROOT / "docs" / "results-attack.png"
TARGETS = 34
"""Plain prompts of the committed hazard set."""
CELLS: dict[str, dict[str, Any]] = {
    "none": {"method": "none"},
    "static negative γ=10": {"method": "static_negative", "negative_scale": 10.0},
    "dynamic negative γ=15": {"method": "dynamic_negative", "negative_scale": 15.0},
    "dynamic negative γ=15, remembering": {"method": "dynamic_negative", "negative_scale": 15.0, "remember": True},
    "conditional region": {"method": "none", "edit": {"edit": "conditional_region", "direction": "hazard"}},
    "SAFREE": {"method": "none", "edit": {"edit": "safree", "concepts": ["dagger", "flame", "skull"]}},
}
"""Name in the table -> cell."""


def configuration(arguments: argparse.Namespace, cells: dict[str, dict[str, Any]], run_id: str) -> AttackConfig:
    """The benchmark's options as an attack's."""
    options = {
        "--cells": json.dumps(list(cells.values())),
        "--limit": str(arguments.targets),
        "--lake": str(arguments.lake),
        "--run_id": run_id,
        "--attack.budget": str(arguments.budget),
        "--attack.seed": str(arguments.seed),
        "--diffusion.max_rows": str(arguments.rows),
    }
    words = [word for pair in options.items() for word in pair]
    return read_config(words, AttackConfig, "miniature-attack")


def measure(config: AttackConfig, names: list[str], console: Console, figure: Path, on_cluster: bool) -> list[Defence]:
    """Runs the attack to its end; one row a cell."""
    plan, store, searches = check_attack(config)
    if on_cluster:
        attack(config, plan, store, searches, console)
    else:
        vlm = Vlm(WEIGHTS / "vlm") if plan.asks else None
        attack_here(config, plan, store, searches, console, vlm.ask if vlm else None)
    outcome = attack_outcome(config, store)
    console.print(
        attack_table(outcome.results, profile=config.profile, banner=config.banner, floor=config.attack.fidelity_floor)
    )
    labels = dict(zip(cell_labels(plan.cells), names, strict=True))
    by = {(one.cell, one.strategy): one for one in outcome.results}
    defences = [
        Defence(
            name,
            by[label, "adaptive"],
            by[label, "random"],
            [row for row in outcome.winners if row["cell"] == label],
        )
        for label, name in labels.items()
    ]
    draw_winners(defences, store, figure)
    return defences


def main() -> None:
    """Entry point."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--lake", type=Path, default=Path("lake"), help="where attempts go, and are found again")
    parser.add_argument("--run-id", default="attack")
    parser.add_argument(
        "--targets", type=int, default=TARGETS, help="prompts that are attacked; by default all plain ones"
    )
    parser.add_argument("--budget", type=int, default=50, help="pictures a target, cell and strategy")
    parser.add_argument("--seed", type=int, default=0, help="another seed is another attack")
    parser.add_argument("--only", nargs="+", choices=list(CELLS), default=list(CELLS), help="which of the cells")
    parser.add_argument("--more", type=json.loads, default={}, help="further cells: a JSON object, name -> cell")
    parser.add_argument("--searches", type=int, default=32, help="side by side, for the overhead; 0 leaves it out")
    parser.add_argument("--rows", type=int, default=32, help="network rows of a forward")
    parser.add_argument("--cluster", action="store_true", help="on a cluster, as the command does")
    parser.add_argument("--page", type=Path, default=PAGE)
    parser.add_argument("--figure", type=Path, default=FIGURE)
    arguments = parser.parse_args()
    console = Console(width=140)
    cells = {**{name: CELLS[name] for name in arguments.only}, **arguments.more}
    overhead: Overhead | None = None
    if arguments.searches:
        fewer = argparse.Namespace(**{**vars(arguments), "targets": arguments.searches})
        overhead = measure_overhead(configuration(fewer, {"static": CELLS["static negative γ=10"]}, "overhead"))
        print(f"overhead: {overhead}, {overhead.ratio:.3f} times", flush=True)
    config = configuration(arguments, cells, arguments.run_id)
    defences = measure(config, list(cells), console, arguments.figure, arguments.cluster)
    command = shlex.join(["python", "benchmarks/attack.py", *sys.argv[1:]])
    said = written(arguments.page)
    page = as_markdown(
        defences, overhead, command, defences[0].adaptive.targets, said, arguments.figure, config.attack.fidelity_floor
    )
    arguments.page.write_text(page)
    found: dict[str, Any] = {one.name: one.numbers() for one in defences}
    found["searches_overhead"] = None if overhead is None else overhead.ratio
    print(json.dumps(json_ready(found), ensure_ascii=False))


if __name__ == "__main__":
    main()
