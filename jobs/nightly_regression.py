#!/usr/bin/env python3
"""One night: runs a preset under a dated run id, holds it to the baseline, writes the summary and the history, pages if need be.

    safesweep nightly [--preset nightly] [--policy nightly] [--suite NAME] [--date 2026-11-22] [--OPTION VALUE …]
    ray job submit --submission-id nightly-2026-11-22 --working-dir . -- python jobs/nightly_regression.py …

Further options are those of ``pipelines.config.RunConfig``, dotted. The same night started again goes on where it stopped.

Exit codes: 0 PASS or WARN, 1 BLOCK, 2 bad input, 4 INCONCLUSIVE.
"""

import sys
from pathlib import Path

if not __package__:  # started as a file: the repository is to be found without an install
    sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from pipelines.command_line import ALL_CONFIGS, EXAMPLES
from pipelines.nightly_options import DEFAULT, NightlyConfig, night_options
from safesweep.cli.command import Command
from safesweep.cli.exits import make_console


def run(config: NightlyConfig) -> int:
    from pipelines.nightly import run_night

    return run_night(**night_options(config)._asdict(), console=make_console())


SHOWN = {
    **{name: value for name, value in EXAMPLES.items() if name not in ("run_id", "cells")},
    "policy": "strict.yaml",
    "allow": "num_inference_steps",
    "suite": "release",
    "date": "2026-11-22",
    "out": "out/tonight",
}
COMMAND = Command("nightly", __doc__, NightlyConfig, run, DEFAULT, SHOWN, ALL_CONFIGS)


if __name__ == "__main__":
    sys.exit(COMMAND.main())
