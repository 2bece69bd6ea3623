"""The nightly job's options: its own, and those of the run."""

import datetime
import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, NamedTuple

from pydantic import BeforeValidator

from pipelines.config import RunConfig
from safesweep.errors import InputError
from safesweep.regression.cell_content import AllowedKeys

if TYPE_CHECKING:
    from safesweep.regression.policy import Policy

DEFAULT = "nightly"
"""Preset and policy."""


def _date(value: Any) -> Any:
    if not isinstance(value, str):
        return value
    try:
        return datetime.date.fromisoformat(value)
    except ValueError as error:
        raise ValueError(f"{value!r} is not a date such as 2026-11-22") from error


class NightlyConfig(RunConfig):
    """A run that is judged, and under which name."""

    groups: ClassVar[Mapping[str, tuple[str, ...]]] = {
        "night": ("policy", "allow", "suite", "date", "out", "page_command"),
        **RunConfig.groups,
    }

    policy: str = DEFAULT
    """Name among jobs/policies, or a YAML file."""
    allow: AllowedKeys = ()
    suite: str | None = None
    """Whose nights these are; by default the preset's name."""
    date: Annotated[datetime.date | None, BeforeValidator(_date)] = None
    """The night's date; by default today's."""
    out: Path | None = None
    """Folder of summary and report; by default out/RUN_ID."""
    page_command: tuple[str, ...] = ()
    """Program and arguments that are run when a page is due; gets it as JSON on its standard input. On the command line alone."""
    on_the_line_alone: ClassVar[tuple[str, ...]] = ("page_command",)

    def run_config(self) -> RunConfig:
        """The run alone, as the main job would read it."""
        return RunConfig.model_construct(**{name: getattr(self, name) for name in RunConfig.model_fields})


class Options(NamedTuple):
    """What ``nightly.run_night`` takes."""

    config: RunConfig
    policy: "Policy"
    suite: str
    run_id: str
    date: datetime.date
    out: Path
    page_command: tuple[str, ...] = ()


def night_options(config: NightlyConfig) -> Options:
    """Names the night and reads its policy. Raises ``InputError``."""
    from safesweep.regression.nights import name_night
    from safesweep.regression.policy import load_policy

    if "run_id" in config.given:
        raise InputError("--run_id: a night is named by its suite and date; give --suite or --date")
    suite = config.suite or Path(config.preset_name).stem
    if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._-]*", suite):
        raise InputError(
            f"--suite: {suite!r} is not a name; letters, digits, '.', '_' and '-' are allowed, the first a letter or digit"
        )
    run_id, date = name_night(suite, config.date, os.environ)
    out = config.out or Path("out") / run_id
    policy = load_policy(config.policy).allowing(config.allow)
    return Options(config.run_config(), policy, suite, run_id, date, out, config.page_command)
