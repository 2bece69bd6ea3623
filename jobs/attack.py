#!/usr/bin/env python3
"""Attacks cells: rewrites prompts and searches seeds until the defended cell makes something unsafe, sees scores alone.

    safesweep attack [--preset NAME|FILE] [--hardware NAME] [--OPTION VALUE …]
    safesweep attack --plan …
    safesweep attack --run_id redteam-1 --limit 20 --attack.budget 50

Options are those of ``pipelines.attack.config.AttackConfig``, dotted. The same ``run_id`` goes on with an attack that was killed, and ends
with the same winners. ``--plan`` prints what it would take at most and starts nothing.

Exit codes: 0 done, 2 bad input, 3 too many attempts unscored, 70 an error of the program's own.
"""

import sys
from pathlib import Path

if not __package__:  # started as a file: the repository is to be found without an install
    sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from pipelines.attack.config import AttackConfig
from pipelines.command_line import ALL_CONFIGS, EXAMPLES, wants_plan
from safesweep.cli.command import Command
from safesweep.cli.exits import make_console


def run(config: AttackConfig) -> int:
    console = make_console()
    if wants_plan(config):
        from pipelines.attack.plan import show_attack_plan

        return show_attack_plan(config, console)
    from pipelines.attack.result import show_attack
    from pipelines.attack.run import attack, check_attack

    plan, store, searches = check_attack(config)
    took = attack(config, plan, store, searches, console)
    return show_attack(config, plan, store, took, console)


SHOWN = {
    **EXAMPLES,
    "attack.budget": "50",
    "attack.side_by_side": "32",
    "plan": "",
}
COMMAND = Command("attack", __doc__, AttackConfig, run, "miniature-attack", SHOWN, ALL_CONFIGS)


if __name__ == "__main__":
    sys.exit(COMMAND.main())
