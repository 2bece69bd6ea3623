#!/usr/bin/env python3
"""Compares two runs, or two cells, trial by trial.

    safesweep compare night-1 night-2
    safesweep compare 'r1/none' 'r1/dynamic_negative γ=7.5'

Exit codes: 0 PASS or WARN, 1 BLOCK, 2 bad input, 4 INCONCLUSIVE or not comparable.
"""

import sys
from pathlib import Path

if not __package__:  # started as a file: the repository is to be found without an install
    sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import json

from pydantic import Field
from pydantic_settings import CliPositionalArg

from safesweep.cli.command import Command
from safesweep.cli.exits import make_console
from safesweep.cli.settings import CommandSettings
from safesweep.lake.folder import LakeFolder
from safesweep.regression.cell_content import AllowedKeys


class CompareOptions(CommandSettings):
    """Which two, and by which rules."""

    baseline: CliPositionalArg[str]
    """What the candidate is held to: RUN or RUN/CELL."""
    candidate: CliPositionalArg[str]
    """What is judged: RUN or RUN/CELL."""
    lake: LakeFolder = Path("lake")
    """The lake of both."""
    candidate_lake: LakeFolder | None = None
    """The candidate's, where it is another."""
    policy: str = "default"
    """Name among jobs/policies, or a YAML file."""
    profile: str | None = None
    """Judge both by this rule instead of their own."""
    allow: AllowedKeys = ()
    flips: int = Field(default=20, ge=0)
    """Flips to list."""
    markdown: Path | None = None
    """Write Markdown there."""
    json_file: Path | None = Field(default=None, alias="json")
    """Write all numbers and flips there."""


def run(options: CompareOptions) -> int:
    from safesweep.regression.comparison import compare
    from safesweep.regression.comparison_json import plain
    from safesweep.regression.comparison_text import markdown, render
    from safesweep.regression.policy import load_policy
    from safesweep.regression.trials import load_run, select_profile

    rules, rule = load_policy(options.policy), select_profile(options.profile)
    baseline = load_run(options.lake, options.baseline, rule)
    candidate = load_run(options.candidate_lake or options.lake, options.candidate, rule)
    result = compare(baseline, candidate, rules.allowing(options.allow))
    make_console().print(render(result, options.flips))
    if options.markdown:
        options.markdown.write_text(markdown(result, options.flips))
    if options.json_file:
        options.json_file.write_text(json.dumps(plain(result), indent=2, ensure_ascii=False) + "\n")
    return result.verdict.exit_code


COMMAND = Command("compare", __doc__, CompareOptions, run)


if __name__ == "__main__":
    sys.exit(COMMAND.main())
