#!/usr/bin/env python3
"""The main job: prompts through guided diffusion, scored, into the lake, and a table of what each method does.

    python jobs/eval_i2p.py [--preset NAME|FILE] [--hardware NAME] [--OPTION VALUE …]
    python jobs/eval_i2p.py --plan [--plan.rows_per_second 40 --plan.vlm_answers_per_second_per_replica 6] …
    ray job submit --working-dir . -- python jobs/eval_i2p.py …

Options are those of ``pipelines.config.RunConfig``, dotted: ``--limit 8 --diffusion.max_rows 32 --run_id nightly-1``.
``--plan`` prints what the run would take and starts nothing.
Exit codes: 0 done, 2 bad input, 3 too many trials unscored, 1 anything else.
"""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from pipelines.command_line import read_config, take_plan_flag
from pipelines.estimate import show_plan
from pipelines.evaluation import check, evaluate
from pipelines.job import make_console, run_job, show_run


def main() -> int:
    arguments, planning = take_plan_flag(sys.argv[1:])
    config = read_config(arguments)
    console = make_console()
    if planning:
        return show_plan(config, console)
    plan, store = check(config)
    result = evaluate(config, plan, store, console)
    return show_run(config, result, console)


if __name__ == "__main__":
    sys.exit(run_job(main))
