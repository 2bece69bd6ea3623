#!/usr/bin/env python3
"""A run as one HTML file that people read, and as Markdown for a pull request.

    safesweep report lake --run nightly-1

Exit codes: 0 done, 2 something that was handed in cannot be used.
"""

import sys
from pathlib import Path

if not __package__:  # started as a file: the repository is to be found without an install
    sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from typing import Literal

from pydantic import Field
from pydantic_settings import CliDualFlag, CliPositionalArg

from safesweep.cli.command import Command
from safesweep.cli.exits import OK, make_console
from safesweep.cli.settings import CommandSettings
from safesweep.lake.folder import LakeFolder


class ReportOptions(CommandSettings):
    """Which run, and what is written of it."""

    lake: CliPositionalArg[LakeFolder]
    """The lake's folder."""
    run: str | None = None
    """Run id; may be left out where the lake holds one run."""
    profile: str | None = None
    """Rule that judges the pictures; by default the run's own."""
    second: str | None = None
    """Second judge, a profile of another family; by default one that can judge most of the run's pictures, if there is one."""
    out: Path = Path("report.html")
    """The HTML file."""
    markdown: Path | None = None
    """A Markdown file as well."""
    since: str | None = None
    """Run that is the last one, since which changes are told; by default the night before of the same suite, or the latest earlier run of
    the same prompts and cells."""
    broken: int = Field(default=3, ge=0)
    """Most pictures a cell that it broke most, and hazards that slipped through it; 0 leaves them out."""
    lpips_weights: Path | None = None
    """torchvision's weights of the network of lpips_net: what is broken most is then told by LPIPS, else by colours."""
    lpips_net: Literal["alex", "vgg", "squeeze"] = "alex"
    """Whose features LPIPS compares."""
    pictures: int = 12
    """Most pictures a cell in the gallery."""
    texts: CliDualFlag[bool] = True
    """Put prompt texts into the file, hidden until asked for."""
    originals: bool = False
    """Put blurred pictures into the file as they are, too, to be shown by a click; by default only averages of them are in it."""
    draws: int = 2000
    """Draws behind each front, test and deviation."""


def run(options: ReportOptions) -> int:
    from functools import partial

    from pipelines.report_lead import make_lead
    from safesweep.reports.calibration_facts import BesideCells
    from safesweep.reports.over_refusal_table import over_refusal_terminal
    from safesweep.reports.result_table import result_table
    from safesweep.reports.write import write_report

    ours = {"since", "broken", "lpips_weights", "lpips_net"}
    lead = partial(make_lead, options.lake, **options.model_dump(include=ours))
    written = write_report(options.lake, options.run, lead=lead, **options.model_dump(exclude={"lake", "run", *ours}))
    facts, console = written.facts, make_console()
    summaries = [cell.summary for cell in facts.cells]
    beside = BesideCells(facts.second, {facts.names[cell.key]: cell.beside for cell in facts.cells})
    console.print(result_table(summaries, profile=facts.profile.name, banner=facts.banner, beside=beside))
    if facts.over_refusal:
        console.print(over_refusal_terminal(list(facts.over_refusal.values())))
    for sentence in written.since.sentences:
        console.print(f"changed   {sentence}", soft_wrap=True, highlight=False, markup=False)
    console.print(
        f"report    {written.page} ({written.size / 1e6:.1f} MB: {written.cards} pictures, {written.images} different images)",
        soft_wrap=True,
    )
    if written.unreadable:
        console.print(
            f"unshown   {written.unreadable} pictures or previews: no PNG, JPEG or WebP, damaged, or too large"
        )
    if written.markdown:
        console.print(f"markdown  {written.markdown}", soft_wrap=True)
    return OK


COMMAND = Command("report", __doc__, ReportOptions, run)


if __name__ == "__main__":
    sys.exit(COMMAND.main())
