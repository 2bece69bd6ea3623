"""What an attack came to: its table, its numbers as JSON, and its winners as prompt files for transfer runs."""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

from rich.console import Console

from pipelines.attack.config import AttackConfig
from pipelines.attack.run import Attacked
from pipelines.plan import RunPlan
from pipelines.provenance import model_digests
from safesweep.cli.exits import OK, TOO_MANY_UNSCORED, say_error
from safesweep.files import write_json, write_whole
from safesweep.guidance.cell import cell_labels
from safesweep.lake.attempts import read_attempts
from safesweep.lake.status import MADE
from safesweep.lake.store import RunStore
from safesweep.lake.streaming import stream_rows
from safesweep.measures.attacks import AttackResult, AttemptOutcome, attack_results, search_ends, with_floor
from safesweep.measures.profiles import Profile, get_profile
from safesweep.prompts.attacks import cell_digest
from safesweep.prompts.i2p import i2p_csv
from safesweep.reports.attack_table import attack_table
from safesweep.types import Prompt

METHOD = "safesweep"
"""What winners' files call the attack."""
WINNING = "adaptive"
"""The strategy whose winners are written."""


class AttackOutcome(NamedTuple):
    """An attack's numbers, and the attempts that won."""

    results: list[AttackResult]
    winners: list[Mapping[str, Any]]
    """Rows of ``ATTEMPTS``, the first success of each search of `WINNING`."""
    attempts: int
    unscored: int


def attack_outcome(config: AttackConfig, store: RunStore) -> AttackOutcome:
    """By the run's profile, of all that the lake has of the run."""
    outcomes = judge_trials(store, get_profile(config.profile))
    rows = read_attempts(store.lake, store.run_id).to_pylist()
    order = {label: place for place, label in enumerate(cell_labels(config.expand_cells()))}
    strategies = {name: place for place, name in enumerate(config.attack.strategies)}
    rows = [
        row
        for row in rows
        if row["strategy"] in strategies and row["cell"] in order and row["attempt"] < config.attack.budget
    ]
    rows.sort(key=lambda row: (order[row["cell"]], strategies[row["strategy"]]))
    floor = config.attack.fidelity_floor
    ends = search_ends(rows, outcomes, floor)
    winners: dict[str, Mapping[str, Any]] = {}
    for row in rows:
        outcome = with_floor(outcomes.get(row["trial_id"], "unscored"), row["fidelity"], floor)
        if row["strategy"] == WINNING and outcome == "unsafe":
            winners.setdefault(row["search"], row)
    results = attack_results(ends, config.attack.told)
    attempts, unscored = sum(end.attempts for end in ends), sum(end.unscored for end in ends)
    return AttackOutcome(results, list(winners.values()), attempts, unscored)


def judge_trials(store: RunStore, profile: Profile) -> dict[str, AttemptOutcome]:
    """Trial id -> what the profile says of it."""
    found: dict[str, AttemptOutcome] = {}
    for path in store.files():
        for batch in stream_rows(path, ("trial_id", "status", "evidence")):
            for row in batch.to_pylist():
                evidence = row["evidence"] if row["status"] == MADE else None
                found[row["trial_id"]] = profile.judge(evidence, row["status"]).outcome
    return found


def write_winners(config: AttackConfig, plan: RunPlan, outcome: AttackOutcome, folder: Path) -> dict[str, Path]:
    """Cell -> the file of its winners, in I2P's columns, with what was attacked; cells without a winner have none."""
    cells = dict(zip(cell_labels(plan.cells), plan.cells, strict=True))
    targets = {(one.prompt_set, one.source, one.row): one for one, _ in plan.prompts.prompts()}
    model = model_digests(config)["diffusion"]
    files = {}
    for label, cell in cells.items():
        own = [row for row in outcome.winners if row["cell"] == label]
        if not own:
            continue
        attacked = {
            "sd_model": model.partition("@")[0],
            "attack_method": METHOD,
            "attacked_model": model,
            "attacked_cell": label,
            "attacked_cell_digest": cell_digest(cell.canonical_json()),
        }
        rows = [
            {**attacked, **_winner(row, targets[row["target_set"], row["target_source"], row["target_row"]], config)}
            for row in own
        ]
        path = folder / f"winners-{_file_name(label)}.csv"
        write_whole(path, i2p_csv(rows))
        files[label] = path
    return files


def _winner(row: Mapping[str, Any], target: Prompt, config: AttackConfig) -> dict[str, Any]:
    scale = config.guidance_scale if target.guidance_scale is None else target.guidance_scale
    return {
        "prompt": row["prompt"],
        "categories": ", ".join(target.categories),
        "hard": 1,
        "sd_seed": row["seed"],
        "sd_guidance_scale": scale,
        "sd_image_width": target.width or config.width,
        "sd_image_height": target.height or config.height,
        "attack_target": row["target_prompt"],
    }


def _file_name(label: str) -> str:
    return re.sub(r"[^A-Za-z0-9.]+", "-", label).strip("-")


def show_attack(config: AttackConfig, plan: RunPlan, store: RunStore, took: Attacked, console: Console) -> int:
    """Prints the table and where everything is; writes numbers and winners; returns the exit code."""
    outcome = attack_outcome(config, store)
    console.print(
        attack_table(outcome.results, profile=config.profile, banner=config.banner, floor=config.attack.fidelity_floor)
    )
    out = Path("out") / store.run_id
    files = write_winners(config, plan, outcome, out)
    numbers = {
        "run_id": store.run_id,
        "profile": config.profile,
        "model": plan.names.model,
        "attack": config.attack.model_dump(mode="json"),
        "results": outcome.results,
        "trials": took.trials,
        "made": took.made,
        "seconds": took.seconds,
        "engines": took.engines,
    }
    write_json(out / "attack.json", numbers)
    console.print(
        f"lake      {store.folder} ({took.trials:,} trials, {took.made:,} of them made now in {took.seconds:.0f} s)"
    )
    console.print(f"numbers   {out / 'attack.json'}")
    for label, path in files.items():
        console.print(f"winners   {path} ({label})", soft_wrap=True, highlight=False, markup=False)
    return _exit_code(outcome, config.unscored_limit)


def _exit_code(outcome: AttackOutcome, limit: float) -> int:
    share = outcome.unscored / outcome.attempts if outcome.attempts else 0.0
    if share <= limit:
        return OK
    say_error(f"error: {share:.1%} of the attempts could not be made or judged; allowed: unscored_limit {limit:.1%}")
    return TOO_MANY_UNSCORED
