"""The nightly job's command line: its own options, and those of the run."""

import argparse
import datetime
import os
import re
from pathlib import Path
from typing import NamedTuple, NoReturn

from pipelines.command_line import read_config
from pipelines.config import RunConfig
from safesweep.errors import InputError
from safesweep.regression.nights import name_night
from safesweep.regression.policy import Policy, load_policy

DEFAULT = "nightly"
"""Preset and policy."""


class Options(NamedTuple):
    """What ``nightly.run_night`` takes."""

    config: RunConfig
    policy: Policy
    suite: str
    run_id: str
    date: datetime.date
    out: Path


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        raise InputError(f"options: {message}")


def _date(text: str) -> datetime.date:
    try:
        return datetime.date.fromisoformat(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(f"{text!r} is not a date such as 2026-11-22") from error


def read_options(arguments: list[str]) -> Options:
    """Reads preset, policy, suite, date and out; all else goes to ``command_line.read_config``. Raises ``InputError``."""
    parser = _Parser(
        description="Runs a preset under a dated run id and holds it to the baseline; further options are the run's, dotted.",
        allow_abbrev=False,
    )
    parser.add_argument("--preset", default=DEFAULT, help="name among jobs/presets, or a YAML file")
    parser.add_argument("--policy", default=DEFAULT, help="name among jobs/policies, or a YAML file")
    parser.add_argument("--suite", help="whose nights these are; by default the preset's name")
    parser.add_argument("--date", type=_date, help="the night's date; by default today's")
    parser.add_argument("--out", type=Path, help="folder of summary and report; by default out/RUN_ID")
    own, rest = parser.parse_known_args(arguments)
    if any(argument.split("=")[0] == "--run_id" for argument in rest):
        raise InputError("--run_id: a night is named by its suite and date; give --suite or --date")
    suite = own.suite or Path(own.preset).stem
    if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._-]*", suite):
        raise InputError(
            f"--suite: {suite!r} is not a name; letters, digits, '.', '_' and '-' are allowed, the first a letter or digit"
        )
    run_id, date = name_night(suite, own.date, os.environ)
    config = read_config(["--preset", own.preset, *rest])
    return Options(config, load_policy(own.policy), suite, run_id, date, own.out or Path("out") / run_id)
