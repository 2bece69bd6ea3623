#!/usr/bin/env python3
"""Pins, lists and retires baselines: which run the nights are held to.

    safesweep baseline pin RUN --suite nightly

Exit codes: 0 done, 2 bad input, 4 a run that is damaged.
"""

import sys
from pathlib import Path

if not __package__:  # started as a file: the repository is to be found without an install
    sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from pydantic_settings import CliPositionalArg

from safesweep.cli.command import Command, Commands
from safesweep.cli.exits import OK, make_console
from safesweep.cli.settings import CommandSettings
from safesweep.lake.folder import LakeFolder

SUITE = "nightly"


class LakeOptions(CommandSettings):
    """Whose baselines."""

    lake: LakeFolder = Path("lake")
    """The lake's folder."""


class PinOptions(LakeOptions):
    """Which run, and for which nights."""

    run: CliPositionalArg[str]
    """The run that nights are to be held to."""
    suite: str = SUITE
    """The nights that it is for."""
    note: str = ""
    """Why."""
    policy: str = "default"
    """Whose limits of missing and unscored trials hold."""


class RetireOptions(LakeOptions):
    """Which nights."""

    suite: CliPositionalArg[str] = SUITE
    """The nights whose baseline is to go out of force."""


def pin(options: PinOptions) -> int:
    from safesweep.regression.baselines import BaselineStore
    from safesweep.regression.policy import load_policy

    store = BaselineStore(options.lake)
    entry = store.pin(options.suite, options.run, load_policy(options.policy), options.note)
    make_console().print(f"pinned {entry.run_id} ({entry.trials} trials, profile {entry.profile}) for {entry.suite}")
    return OK


def show(options: LakeOptions) -> int:
    from rich.table import Table

    from safesweep.regression.baselines import BaselineStore

    table = Table("suite", "run", "trials", "profile", "pinned", "retired", "note", box=None)
    for entry in BaselineStore(options.lake).all():
        numbers = (str(entry.trials), entry.profile, entry.pinned_at)
        table.add_row(entry.suite, entry.run_id, *numbers, entry.retired_at or "in force", entry.note)
    make_console().print(table)
    return OK


def retire(options: RetireOptions) -> int:
    from safesweep.regression.baselines import BaselineStore

    retired = BaselineStore(options.lake).retire(options.suite)
    make_console().print(f"retired {retired.run_id} of {options.suite}")
    return OK


PIN = Command(
    "baseline pin", "Puts a run in force as the suite's baseline; the one before is retired.", PinOptions, pin
)
LIST = Command("baseline list", "Lists every baseline, those in force and those retired.", LakeOptions, show)
RETIRE = Command(
    "baseline retire", "Takes the suite's baseline out of force; its run stays in the lake.", RetireOptions, retire
)
COMMAND = Commands("safesweep baseline", __doc__, {"pin": lambda: PIN, "list": lambda: LIST, "retire": lambda: RETIRE})


if __name__ == "__main__":
    sys.exit(COMMAND.main())
