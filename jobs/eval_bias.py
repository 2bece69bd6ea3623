#!/usr/bin/env python3
"""Social bias, Winobias-shaped: pictures of professions, which value of an attribute each shows, and the deviation ratio.

    safesweep bias [--preset NAME|FILE] [--OPTION VALUE …]
    ray job submit --working-dir . -- python jobs/eval_bias.py …

Options are those of ``pipelines.config.RunConfig``, dotted; a scorer of kind ``attribute`` names the values. A prompt's last category is
its profession.

Exit codes: 0 done, 2 bad input, 3 too many trials unscored, 70 an error of the program's own.
"""

import sys
from pathlib import Path

if not __package__:  # started as a file: the repository is to be found without an install
    sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from pipelines.command_line import ALL_CONFIGS, EXAMPLES
from pipelines.config import RunConfig
from safesweep.cli.command import Command
from safesweep.cli.exits import make_console


def run(config: RunConfig) -> int:
    from pipelines.bias import run_bias

    return run_bias(config, make_console())


COMMAND = Command("bias", __doc__, RunConfig, run, "miniature-bias", EXAMPLES, ALL_CONFIGS)


if __name__ == "__main__":
    sys.exit(COMMAND.main())
