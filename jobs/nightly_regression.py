#!/usr/bin/env python3
"""One night: runs a preset under a dated run id, holds it to the baseline, writes the summary and the history, pages if need be.

    python jobs/nightly_regression.py [--preset nightly] [--policy nightly] [--suite NAME] [--date 2026-11-22] [--OPTION VALUE …]
    ray job submit --submission-id nightly-2026-11-22 --working-dir . -- python jobs/nightly_regression.py …

Further options are those of ``pipelines.config.RunConfig``, dotted. The same night started again goes on where it stopped.
Exit codes: 0 PASS or WARN, 1 BLOCK, 2 INCONCLUSIVE or bad input.
"""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from pipelines.job import make_console, run_job
from pipelines.nightly import run_night
from pipelines.nightly_options import read_options


def main() -> int:
    options = read_options(sys.argv[1:])
    return run_night(**options._asdict(), console=make_console())


if __name__ == "__main__":
    sys.exit(run_job(main))
