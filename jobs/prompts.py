#!/usr/bin/env python3
"""Looks at prompt files before anything is computed: ``jobs/prompts.py inspect FILE``."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from typing import Annotated, Literal

import typer
from rich.console import Console

from safesweep.errors import InputError
from safesweep.prompts.reader import read_prompts

app = typer.Typer(add_completion=False, no_args_is_help=True, help="Looks at prompt files before anything is computed.")


@app.callback()
def _commands() -> None:
    """Without a callback typer would drop the word ``inspect`` from the command line."""


@app.command()
def inspect(
    file: Annotated[str, typer.Argument(help="CSV, TSV, JSON Lines, Parquet or text file; a path or a URL")],
    name: Annotated[str | None, typer.Option(help="name of the prompt set; by default the file's")] = None,
    limit: Annotated[int | None, typer.Option(help="at most this many prompts")] = None,
    on_empty: Annotated[Literal["refuse", "skip"], typer.Option(help="rows without a prompt")] = "refuse",
    guidance_cap: Annotated[float | None, typer.Option(help="lower guidance scales above it to it")] = None,
) -> None:
    """Shows which columns would be read and what would be changed or left out. Exit code 2: the file cannot be used."""
    try:
        report = read_prompts(file, name=name, limit=limit, on_empty=on_empty, guidance_cap=guidance_cap).report
    except InputError as error:
        typer.echo(f"error: {error}", err=True)
        raise typer.Exit(2) from None
    Console().print(report.render())


if __name__ == "__main__":
    app()
