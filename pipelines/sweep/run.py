"""A sweep from its plan to its choice."""

from pathlib import Path

from rich.console import Console

from pipelines.estimate import estimate, estimate_table
from pipelines.evaluation import check, evaluate, what_is_left
from pipelines.job import show_run
from pipelines.sweep.choice import check_choice
from pipelines.sweep.config import SweepConfig
from pipelines.sweep.result import show_result, sweep_result, write_result
from pipelines.sweep.split import check_split
from safesweep.lake.layout import run_ids
from safesweep.lake.store import RunStore
from safesweep.measures.sharing import Sharing, sharing
from safesweep.reports.sweep_tables import sharing_lines


def run_sweep(config: SweepConfig, console: Console) -> int:
    """Plans, shows the plan, makes what the lake lacks, chooses and reports; returns the exit code.

    Raises ``InputError`` for whatever is wrong, before a model is loaded.
    """
    if config.split.validation:
        check_choice(config.expand_cells(), config.choose)
    plan, store = check(config)
    near_miss = plan.prompts.near_miss  # they choose nothing and are in no side's measures
    rows = (row for row in plan.rows() if row["prompt_set"] not in near_miss)
    check_split(((row["prompt_hash"], row["benign"]) for row in rows), config.split)
    todo = what_is_left(config, plan, store)
    if todo.trials:
        console.print(estimate_table(estimate(todo, config), config))
    before = _sharing(store)
    outcome = evaluate(config, plan, store, console)
    code = show_run(config, outcome, console)
    after = _sharing(store)
    for line in sharing_lines(before, after):
        console.print(line, highlight=False)
    if config.split.validation:
        console.print(
            "Above: every cell on all prompts, to look around in. Below: the choice and what may be reported."
        )
        result = sweep_result(config, plan, store)
        show_result(result, config, console)
        path = Path("out") / store.run_id / "sweep.json"
        write_result(result, config, after, path)
        console.print(f"numbers   {path}")
    return code


def _sharing(store: RunStore) -> Sharing:
    there = store.run_id in run_ids(store.lake) and store.files()
    return sharing(store.lake, store.run_id) if there else Sharing(0, 0.0, 0.0, 0.0, 0)
