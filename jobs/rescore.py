#!/usr/bin/env python3
"""Adds scorers to a run that is in the lake: its pictures are scored, none is made again.

    safesweep rescore --run_id nightly-1 [--preset NAME|FILE] --safety.scorers '[{"kind": "nudenet"}, …]'

Options are those of ``safesweep eval``; a scorer that has scored a picture is not asked about it again, one that failed on it is.

Exit codes: 0 done, 2 bad input, 70 an error of the program's own.
"""

import sys
from pathlib import Path

if not __package__:  # started as a file: the repository is to be found without an install
    sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from pipelines.command_line import ALL_CONFIGS, DEFAULT_PRESET, EXAMPLES
from pipelines.config import RunConfig
from safesweep.cli.command import Command
from safesweep.cli.exits import OK, make_console


def run(config: RunConfig) -> int:
    from pipelines.rescore import check_rescore, rescore

    console = make_console()
    store = check_rescore(config)
    count = rescore(config, store, console)
    console.print(f"scored    {count} pictures of {store.folder}, manifest {store.manifest_path}", soft_wrap=True)
    return OK


COMMAND = Command("rescore", __doc__, RunConfig, run, DEFAULT_PRESET, EXAMPLES, ALL_CONFIGS)


if __name__ == "__main__":
    sys.exit(COMMAND.main())
