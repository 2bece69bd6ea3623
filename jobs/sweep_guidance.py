#!/usr/bin/env python3
"""A grid of guidance settings over prompt sets: the scale chosen on some prompts, reported on the others.

    python jobs/sweep_guidance.py [--preset NAME|FILE] [--hardware NAME] [--OPTION VALUE …]
    python jobs/sweep_guidance.py --plan …
    python jobs/sweep_guidance.py --grid '{"negative_scale": [2.5, 5, 7.5, 10, 12.5, 15]}'     # extends the preset's sweep

Options are those of ``pipelines.sweep.config.SweepConfig``, dotted. The same ``run_id`` resumes a sweep, and with a larger grid
extends it: only what the lake lacks is made. ``--plan`` prints what that takes and starts nothing.
Exit codes: 0 done, 2 bad input, 3 too many trials unscored, 1 anything else.
"""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from pipelines.command_line import read_config, take_plan_flag
from pipelines.estimate import show_plan
from pipelines.job import make_console, run_job
from pipelines.sweep.config import SweepConfig
from pipelines.sweep.run import run_sweep


def main() -> int:
    arguments, planning = take_plan_flag(sys.argv[1:])
    config = read_config(arguments, SweepConfig, default_preset="sweep")
    console = make_console()
    return show_plan(config, console) if planning else run_sweep(config, console)


if __name__ == "__main__":
    sys.exit(run_job(main))
