#!/usr/bin/env python3
"""Where a run stands, seen from another shell or another machine; without a run, where all of a lake's stand.

    safesweep status night-1
    safesweep status night-1 --watch 5

Exit codes: 0 done, 2 something that was handed in cannot be used.
"""

import sys
from pathlib import Path

if not __package__:  # started as a file: the repository is to be found without an install
    sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import time

from pydantic import NonNegativeFloat
from pydantic_settings import CliDualFlag, CliPositionalArg

from safesweep.cli.command import Command
from safesweep.cli.exits import OK, make_console
from safesweep.cli.settings import CommandSettings
from safesweep.errors import InputError
from safesweep.lake.folder import LakeFolder


class StatusOptions(CommandSettings):
    """Which run."""

    run: CliPositionalArg[str] = ""
    """The run; by default every run of the lake."""
    lake: LakeFolder = Path("lake")
    """The lake's folder."""
    watch: NonNegativeFloat = 0.0
    """Look again every so many seconds, until none of the runs is under way; 0: once."""
    json_lines: CliDualFlag[bool] = False
    """One JSON object a run and line."""


def run(options: StatusOptions) -> int:
    from safesweep.lake.layout import run_ids
    from safesweep.reports.run_status import as_json, run_status, status_lines

    known, console = run_ids(options.lake), make_console()
    if options.run and options.run not in known:
        raise InputError(f"run: {options.run!r} is not in {options.lake}; it has {', '.join(known) or 'no runs'}")
    while True:
        found = [
            run_status(options.lake, run_id) for run_id in ([options.run] if options.run else run_ids(options.lake))
        ]
        for one in found:
            for line in [as_json(one)] if options.json_lines else status_lines(one):
                console.print(line, soft_wrap=True, highlight=False, markup=False)
        if not options.watch or all(one.holder is None for one in found):
            return OK
        time.sleep(options.watch)


COMMAND = Command("status", __doc__, StatusOptions, run)


if __name__ == "__main__":
    sys.exit(COMMAND.main())
