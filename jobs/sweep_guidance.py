#!/usr/bin/env python3
"""A grid of guidance settings over prompt sets: the scale chosen on some prompts, reported on the others.

    safesweep sweep [--preset NAME|FILE] [--hardware NAME] [--OPTION VALUE …]
    safesweep sweep --plan …
    safesweep sweep --grid '{"negative_scale": [2.5, 5, 7.5, 10, 12.5, 15]}'     # extends the preset's sweep
    ray job submit --working-dir . -- python jobs/sweep_guidance.py …

Options are those of ``pipelines.sweep.config.SweepConfig``, dotted. The same ``run_id`` resumes a sweep, and with a larger grid
extends it: only what the lake lacks is made. ``--plan`` prints what that takes and starts nothing.

Exit codes: 0 done, 2 bad input, 3 too many trials unscored, 70 an error of the program's own.
"""

import sys
from pathlib import Path

if not __package__:  # started as a file: the repository is to be found without an install
    sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from pipelines.command_line import ALL_CONFIGS, EXAMPLES, wants_plan
from pipelines.sweep.config import SweepConfig
from safesweep.cli.command import Command
from safesweep.cli.exits import make_console


def run(config: SweepConfig) -> int:
    if wants_plan(config):
        from pipelines.estimate import show_plan

        return show_plan(config, make_console())
    from pipelines.sweep.run import run_sweep

    return run_sweep(config, make_console())


SHOWN = {
    **{name: value for name, value in EXAMPLES.items() if name != "cells"},
    "grid": """'{"negative_scale": [5, 7.5]}'""",
    "split.validation": "0.3",
    "plan": "",
}
COMMAND = Command("sweep", __doc__, SweepConfig, run, "sweep", SHOWN, ALL_CONFIGS)


if __name__ == "__main__":
    sys.exit(COMMAND.main())
