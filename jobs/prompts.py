#!/usr/bin/env python3
"""Looks at prompt files before anything is computed: ``jobs/prompts.py inspect FILE``."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from typing import Annotated, Any, Literal

import typer
from pydantic import ValidationError
from rich.console import Console

from safesweep.config_errors import explain
from safesweep.errors import InputError
from safesweep.prompts.settings import PromptFileSettings

app = typer.Typer(add_completion=False, no_args_is_help=True, help="Looks at prompt files before anything is computed.")


@app.callback()
def _commands() -> None:
    """Without a callback typer would drop the word ``inspect`` from the command line."""


@app.command()
def inspect(
    file: Annotated[str, typer.Argument(help="a file, folder, pattern or URL of prompts; - for standard input")],
    name: Annotated[str | None, typer.Option(help="name of the prompt set; by default the file's")] = None,
    limit: Annotated[int | None, typer.Option(help="at most this many prompts")] = None,
    on_empty: Annotated[Literal["refuse", "skip"], typer.Option(help="rows without a prompt")] = "refuse",
    guidance_cap: Annotated[float | None, typer.Option(help="lower guidance scales above it to it")] = None,
    columns: Annotated[
        list[str] | None, typer.Option(help="a role's column, as text=Caption or seed=Seed No; may be given again")
    ] = None,
    format: Annotated[str | None, typer.Option(help="csv, tsv, jsonl, json, parquet or txt, whatever the name")] = None,
    rows: Annotated[str | None, typer.Option(help="only these rows, as 100:200, counted from 0")] = None,
    categories: Annotated[list[str] | None, typer.Option(help="only rows of this category; may be given again")] = None,
    sample: Annotated[int | None, typer.Option(help="only so many rows, drawn at random")] = None,
    sample_seed: Annotated[int, typer.Option(help="another seed draws others")] = 0,
    shard: Annotated[str | None, typer.Option(help="one part of the rows, as 2/8")] = None,
    samples_per_prompt: Annotated[int, typer.Option(help="pictures a prompt; seeds count up from the row's")] = 1,
    seed: Annotated[int, typer.Option(help="for rows without a seed")] = 1,
    max_side: Annotated[int, typer.Option(help="largest width and height, pixels")] = 4096,
) -> None:
    """Shows which columns would be read and what would be changed or left out. Exit code 2: the file cannot be used."""
    options: dict[str, Any] = {
        "name": name, "limit": limit, "on_empty": on_empty, "format": format, "rows": rows, "sample": sample,
        "sample_seed": sample_seed, "shard": shard, "categories": categories or (),
    }  # fmt: skip
    try:
        chosen = dict(_column(written) for written in columns or ())
        settings = PromptFileSettings(path=file, columns=chosen, **options)
        found = settings.read(
            guidance_cap=guidance_cap, default_seed=seed, samples=samples_per_prompt, max_side=max_side, keep=False
        )
    except (InputError, ValidationError) as error:
        typer.echo(f"error: {explain(error) if isinstance(error, ValidationError) else error}", err=True)
        raise typer.Exit(2) from None
    for prompt_set in found:
        Console().print(prompt_set.report.render())


def _column(written: str) -> tuple[str, str | None]:
    role, equals, column = written.partition("=")
    if not equals:
        raise InputError(f"--columns: {written!r}; a role and its column are wanted, as text=Caption")
    return role.strip(), column or None


if __name__ == "__main__":
    app()
