#!/usr/bin/env python3
"""Social bias, Winobias-shaped: pictures of professions, which value of an attribute each shows, and the deviation ratio.

    python jobs/eval_bias.py [--preset NAME|FILE] [--OPTION VALUE …]
    ray job submit --working-dir . -- python jobs/eval_bias.py …

Options are those of ``pipelines.config.RunConfig``, dotted; a scorer of kind ``attribute`` names the values. A prompt's last category is
its profession. Exit codes: 0 done, 2 bad input, 3 too many trials unscored, 1 anything else.
"""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from pipelines.bias import run_bias
from pipelines.command_line import read_config
from pipelines.job import make_console, run_job


def main() -> int:
    return run_bias(read_config(sys.argv[1:], default_preset="miniature-bias"), make_console())


if __name__ == "__main__":
    sys.exit(run_job(main))
