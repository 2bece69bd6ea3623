"""What an attack takes at most, before it is started: every search to the end of its budget."""

from rich.console import Console

from pipelines.attack.config import AttackConfig
from pipelines.estimate import estimate, estimate_table, plan_only


def show_attack_plan(config: AttackConfig, console: Console) -> int:
    """Prints what an attack of ``config`` takes where no search succeeds, and which models are missing; 0."""
    attack = config.attack
    planned = plan_only(config.model_copy(update={"run_id": None}))
    found = estimate(planned.plan, config, apiece=attack.budget * len(attack.strategies))
    console.print(estimate_table(found, config))
    console.print(
        f"attack   at most: {planned.plan.trials * len(attack.strategies):,} searches × {attack.budget:,} attempts; one that succeeds "
        "ends, and equal attempts are made once",
        soft_wrap=True,
        highlight=False,
    )
    for line in (*planned.plan.notes, *planned.tokens):
        console.print(f"prompts  {line}", soft_wrap=True, highlight=False, markup=False)
    for line in planned.missing:
        console.print(f"missing  {line}", soft_wrap=True, highlight=False)
    return 0
