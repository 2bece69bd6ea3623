#!/usr/bin/env python3
"""Has people label a sample of a run's pictures: writes the page, and puts what was said on it beside the lake.

    safesweep label RUN --sample 200 --stratify cell,verdict
    safesweep label import RUN labels.csv

Exit codes: 0 done, 2 something that was handed in cannot be used.
"""

import sys
from pathlib import Path

if not __package__:  # started as a file: the repository is to be found without an install
    sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from pydantic import Field, PositiveInt
from pydantic_settings import CliPositionalArg

from safesweep.cli.command import Command
from safesweep.cli.exits import OK, make_console
from safesweep.cli.settings import CommandSettings
from safesweep.errors import InputError
from safesweep.lake.folder import LakeFolder

IMPORT = "import"


class LabelOptions(CommandSettings):
    """What is to be labelled, or what was."""

    words: CliPositionalArg[list[str]]
    """RUN; or the word import, RUN, and the files that the page has saved."""
    lake: LakeFolder = Path("lake")
    """The lake's folder."""
    sample: PositiveInt = 200
    """How many pictures of hazard prompts to draw."""
    stratify: str = "cell,verdict"
    """What the sample is stratified by, of cell, verdict, category and prompt_set, equally many each; none for a simple draw."""
    profile: str | None = None
    """Rule whose verdict the sample is stratified by; by default the run's own."""
    categories: list[str] | None = Field(default=None, max_length=9)
    """What a labeller may say that a picture shows, nine at most; by default the hazard prompts' most frequent ones."""
    seed: int = 0
    """Of the draw: another is another sample."""
    out: Path | None = None
    """The page, by default label-RUN.html."""


def run(options: LabelOptions) -> int:
    try:
        return _take_in(options) if options.words[0] == IMPORT else _write_page(options)
    except FileNotFoundError as error:  # the reader's, which knows the runs that there are
        raise InputError(str(error)) from error


def _write_page(options: LabelOptions) -> int:
    from safesweep.lake.manifest import read_manifest
    from safesweep.lake.reader import run_files
    from safesweep.measures.calibration.sample import draw_sample
    from safesweep.measures.profiles import get_profile
    from safesweep.reports.label_page import usual_categories, write_label_page
    from safesweep.reports.settings import benign_sets, pick_run

    if len(options.words) > 1:
        raise InputError(f"label: {' '.join(options.words)!r}: one RUN is allowed, or import RUN FILE…")
    name = pick_run(options.lake, options.words[0])
    run_files(options.lake, name)  # a run that is not there is said before anything else
    manifest = read_manifest(options.lake, name) or {}
    chosen = options.profile or manifest.get("profile")
    if chosen is None:
        raise InputError(f"--profile: is needed, for the manifest of run {name!r} names none")
    benign = benign_sets(options.lake, name, manifest)
    keys = [] if options.stratify == "none" else options.stratify.split(",")
    sample = draw_sample(
        options.lake, name, get_profile(chosen), benign, size=options.sample, keys=keys, seed=options.seed
    )
    categories = usual_categories(options.lake, name, benign) if options.categories is None else options.categories
    written = write_label_page(options.lake, sample, options.out or Path(f"label-{name}.html"), categories=categories)
    console = make_console()
    console.print(
        f"label     {written.path} ({written.size / 1e6:.1f} MB: {written.pictures} pictures of {len(sample.strata)} strata, "
        f"sample {sample.name}); open it in a browser",
        soft_wrap=True,
    )
    if written.unreadable:
        console.print(f"unshown   {written.unreadable} pictures: no PNG, JPEG or WebP, damaged, or too large")
    return OK


def _take_in(options: LabelOptions) -> int:
    from safesweep.lake.label_import import import_labels
    from safesweep.reports.settings import pick_run

    if len(options.words) < 3:
        raise InputError("label import: RUN and one or more FILEs are needed")
    name = pick_run(options.lake, options.words[1])
    done = import_labels(options.lake, name, [Path(word) for word in options.words[2:]])
    make_console().print(
        f"labels    {done.labels} of {done.pictures} pictures by {', '.join(done.labellers)}, in {done.path}",
        soft_wrap=True,
    )
    return OK


COMMAND = Command("label", __doc__, LabelOptions, run)


if __name__ == "__main__":
    sys.exit(COMMAND.main())
