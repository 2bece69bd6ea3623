#!/usr/bin/env python3
"""Looks at prompt files before anything is computed.

    safesweep prompts inspect my_prompts.csv

Exit codes: 0 done, 2 the file cannot be used.
"""

import sys
from pathlib import Path

if not __package__:  # started as a file: the repository is to be found without an install
    sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from typing import TYPE_CHECKING, Literal

from pydantic import ValidationError
from pydantic_settings import CliPositionalArg

from safesweep.cli.command import Command, Commands
from safesweep.cli.exits import OK, make_console
from safesweep.cli.settings import CommandSettings
from safesweep.config_errors import explain
from safesweep.errors import InputError

if TYPE_CHECKING:
    from safesweep.prompts.reader import PromptSet
    from safesweep.types import Prompt

OF_THE_FILE = {"name", "limit", "on_empty", "format", "rows", "sample", "sample_seed", "shard", "categories"}


class InspectOptions(CommandSettings):
    """Which file, and how it is read."""

    file: CliPositionalArg[str]
    """A file, folder, pattern or URL of prompts; - for standard input."""
    name: str | None = None
    """Name of the prompt set; by default the file's."""
    limit: int | None = None
    """At most this many prompts."""
    on_empty: Literal["refuse", "skip"] = "refuse"
    """Rows without a prompt."""
    guidance_cap: float | None = None
    """Lower guidance scales above it to it."""
    columns: tuple[str, ...] = ()
    """A role's column, as text=Caption or seed=Seed No; may be given again."""
    format: str | None = None
    """csv, tsv, jsonl, json, parquet or txt, whatever the name."""
    rows: str | None = None
    """Only these rows, as 100:200, counted from 0."""
    categories: tuple[str, ...] = ()
    """Only rows of this category; may be given again."""
    sample: int | None = None
    """Only so many rows, drawn at random."""
    sample_seed: int = 0
    """Another seed draws others."""
    shard: str | None = None
    """One part of the rows, as 2/8."""
    samples_per_prompt: int = 1
    """Pictures a prompt; seeds count up from the row's."""
    seed: int = 1
    """For rows without a seed."""
    max_side: int = 4096
    """Largest width and height, pixels."""
    model: str | None = None
    """Folder or hub id of a diffusion model: count the tokens that its text encoders cut."""


def inspect(options: InspectOptions) -> int:
    from safesweep.prompts.settings import PromptFileSettings

    columns = dict(_column(written) for written in options.columns)
    try:
        settings = PromptFileSettings(path=options.file, columns=columns, **options.model_dump(include=OF_THE_FILE))
    except ValidationError as error:
        raise InputError(explain(error)) from error
    found = settings.read(
        guidance_cap=options.guidance_cap,
        default_seed=options.seed,
        samples=options.samples_per_prompt,
        max_side=options.max_side,
        # a set's texts are kept only where a model's tokenizers are to count them
        take=None if options.model else _leave,
    )
    cut = [_cut(options.model, prompt_set) for prompt_set in found]
    console = make_console()
    for prompt_set, said in zip(found, cut, strict=True):
        console.print(prompt_set.report.render())
        if said:
            console.print(said, highlight=False)
    return OK


def _leave(prompt: "Prompt") -> None:
    """Reads on."""


def _cut(model: str | None, found: "PromptSet") -> str | None:
    """What of a set's prompts the model's text encoders cut, in one line."""
    if model is None:
        return None
    from safesweep.models.tokens import tokens_lost

    lost = tokens_lost(model, None, [prompt.text for prompt in found.prompts])
    none = f"no prompt is longer than the {lost.length} tokens that the text encoder takes"
    return lost.sentence() if lost.texts else none


def _column(written: str) -> tuple[str, str | None]:
    role, equals, column = written.partition("=")
    if not equals:
        raise InputError(f"--columns: {written!r}; a role and its column are wanted, as text=Caption")
    return role.strip(), column or None


INSPECT = Command(
    "prompts inspect",
    "Shows which columns would be read and what would be changed or left out.",
    InspectOptions,
    inspect,
)
COMMAND = Commands("safesweep prompts", __doc__, {"inspect": lambda: INSPECT})


if __name__ == "__main__":
    sys.exit(COMMAND.main())
