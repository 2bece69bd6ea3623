#!/usr/bin/env python3
"""Looks after a lake: makes many files few, checks and repairs it, exports a run, makes one run of shards.

    safesweep lake compact RUN
    safesweep lake check --repair
    safesweep lake export RUN OUT
    safesweep lake merge SHARD-1 SHARD-2 --into RUN

Exit codes: 0 done, 2 something that was handed in cannot be used, 4 the check has found what is not repaired.
"""

import sys
from pathlib import Path

if not __package__:  # started as a file: the repository is to be found without an install
    sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from typing import Literal

from pydantic import Field, NonNegativeFloat, PositiveFloat
from pydantic_settings import CliDualFlag, CliPositionalArg

from safesweep.cli.command import Command, Commands
from safesweep.cli.exits import OK, make_console
from safesweep.cli.settings import CommandSettings
from safesweep.exit_codes import ExitCode
from safesweep.lake.folder import LakeFolder


class LakeOptions(CommandSettings):
    """Which lake."""

    lake: LakeFolder = Path("lake")
    """The lake's folder."""


class CompactOptions(LakeOptions):
    """Which run, and how large its files are to be."""

    run: CliPositionalArg[str]
    """The run, finished."""
    target_mb: PositiveFloat = 128.0
    """Megabytes that a new file comes near to; larger ones stay as they are."""
    grace_s: NonNegativeFloat = 60.0
    """How long the old files are kept for readers that have begun, seconds; the command waits for it. 0 where nobody reads."""
    wait_for_lease_s: NonNegativeFloat = 0.0
    """How long to wait for another process that writes this run to end."""


class CheckOptions(LakeOptions):
    """Which runs, and what is done about what is found."""

    runs: CliPositionalArg[list[str]] = Field(default=[])
    """The runs; by default all of the lake."""
    repair: CliDualFlag[bool] = False
    """Repair what can be repaired without removing the only copy of a row."""
    quick: CliDualFlag[bool] = False
    """Look at names, footers, ids and numbers alone; files are not read to their end."""


class ExportOptions(LakeOptions):
    """Which run, and what is written of it."""

    run: CliPositionalArg[str]
    """The run, finished."""
    out: CliPositionalArg[Path]
    """A folder that is new or empty; for parquet a new file."""
    format: Literal["pictures", "parquet"] = "pictures"
    """A folder of pictures and trials.csv, or one parquet file without pictures."""
    profile: str | None = None
    """Rule that judges the pictures; by default the run's own."""
    originals: CliDualFlag[bool] = False
    """Write pictures as they are where they would be blurred."""


class MergeOptions(LakeOptions):
    """Which runs become one."""

    runs: CliPositionalArg[list[str]]
    """The shards, finished."""
    into: str
    """Name of the new run."""
    target_mb: PositiveFloat = 128.0
    """Megabytes that a new file comes near to."""
    wait_for_lease_s: NonNegativeFloat = 0.0
    """How long to wait for another process that writes one of the runs to end."""


def compact(options: CompactOptions) -> int:
    from safesweep.lake.compact import compact

    done = compact(options.lake, options.run, options.target_mb, options.grace_s, wait_s=options.wait_for_lease_s)
    make_console().print(
        f"run {options.run}: {done.rows:,} trials in {done.files_after:,} files, {done.files_before:,} before; "
        f"{done.removed:,} files removed",
        soft_wrap=True,
    )
    return OK


def check(options: CheckOptions) -> int:
    from safesweep.lake.check import check

    done = check(options.lake, options.runs, repair=options.repair, quick=options.quick)
    console = make_console()
    for run_id in done.busy:
        console.print(f"busy      {run_id}: another process writes it, so it was not looked at", soft_wrap=True)
    for word, findings in (("repaired", done.mended), ("found", done.left)):
        for finding in findings:
            console.print(f"{word:10}{finding}", soft_wrap=True, highlight=False)
    console.print(f"{done.runs:,} runs: {len(done.left):,} findings, {len(done.mended):,} repaired")
    return int(ExitCode.NOT_JUDGED) if done.left else OK


def export(options: ExportOptions) -> int:
    from safesweep.reports.export import export

    done = export(
        options.lake, options.run, options.out, options.format, profile=options.profile, originals=options.originals
    )
    shown = ", ".join(f"{count:,} {how}" for how, count in done.shown.items() if count)
    make_console().print(
        f"export    {done.place} ({done.trials:,} trials{': ' if shown else ''}{shown})", soft_wrap=True
    )
    return OK


def merge(options: MergeOptions) -> int:
    from safesweep.lake.merge import merge

    done = merge(options.lake, options.runs, options.into, options.target_mb, options.wait_for_lease_s)
    make_console().print(
        f"run {options.into}: {done.trials:,} trials of {len(options.runs)} runs in {done.files:,} files, {done.shared:,} that several "
        f"had made taken once, {done.repeats:,} repeats",
        soft_wrap=True,
    )
    return OK


COMPACT = Command("lake compact", "Makes a run's many small files few, while others read.", CompactOptions, compact)
CHECK = Command(
    "lake check", "Says what is missing, damaged, double or left over, and repairs it.", CheckOptions, check
)
EXPORT = Command("lake export", "Writes a run as pictures and a CSV, or as one parquet file.", ExportOptions, export)
MERGE = Command("lake merge", "Makes one run of shards that ran as separate jobs.", MergeOptions, merge)
COMMAND = Commands(
    "safesweep lake",
    __doc__,
    {"compact": lambda: COMPACT, "check": lambda: CHECK, "export": lambda: EXPORT, "merge": lambda: MERGE},
)


if __name__ == "__main__":
    sys.exit(COMMAND.main())
