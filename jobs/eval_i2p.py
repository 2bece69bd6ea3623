#!/usr/bin/env python3
"""The main job: prompts through guided diffusion, scored, into the lake, and a table of what each method does.

    safesweep eval [--preset NAME|FILE] [--hardware NAME] [--OPTION VALUE …]
    safesweep eval --plan [--plan.rows_per_second 40 --plan.vlm_answers_per_second_per_replica 6] …
    ray job submit --working-dir . -- python jobs/eval_i2p.py …

Options are those of ``pipelines.config.RunConfig``, dotted: ``--limit 8 --diffusion.max_rows 32 --run_id nightly-1``.
``--plan`` prints what the run would take and starts nothing.

Exit codes: 0 done, 2 bad input, 3 too many trials unscored, 70 an error of the program's own.
"""

import sys
from pathlib import Path

if not __package__:  # started as a file: the repository is to be found without an install
    sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from pipelines.command_line import ALL_CONFIGS, DEFAULT_PRESET, EXAMPLES, wants_plan
from pipelines.config import RunConfig
from safesweep.cli.command import Command
from safesweep.cli.exits import make_console


def run(config: RunConfig) -> int:
    console = make_console()
    if wants_plan(config):
        from pipelines.estimate import show_plan

        return show_plan(config, console)
    from pipelines.evaluation import check, evaluate
    from pipelines.job import show_run

    plan, store = check(config)
    return show_run(config, evaluate(config, plan, store, console), console)


COMMAND = Command("eval", __doc__, RunConfig, run, DEFAULT_PRESET, {**EXAMPLES, "plan": ""}, ALL_CONFIGS)


if __name__ == "__main__":
    sys.exit(COMMAND.main())
