#!/usr/bin/env python3
"""A run as one HTML file that people read, and as Markdown for a pull request: ``jobs/report.py LAKE --run RUN_ID``."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from typing import Annotated

import typer
from rich.console import Console

from safesweep.errors import InputError
from safesweep.measures.intervals import DRAWS
from safesweep.reports.result_table import result_table
from safesweep.reports.write import PICTURES, write_report

LOG_WIDTH = 110

app = typer.Typer(add_completion=False)


@app.command()
def report(
    lake: Annotated[Path, typer.Argument(help="the lake's folder")],
    run: Annotated[str | None, typer.Option(help="run id; may be left out where the lake holds one run")] = None,
    profile: Annotated[str | None, typer.Option(help="rule that judges the pictures; by default the run's own")] = None,
    out: Annotated[Path, typer.Option(help="the HTML file")] = Path("report.html"),
    markdown: Annotated[Path | None, typer.Option(help="a Markdown file as well")] = None,
    pictures: Annotated[int, typer.Option(help="most pictures a cell in the gallery")] = PICTURES,
    texts: Annotated[bool, typer.Option(help="put prompt texts into the file, hidden until asked for")] = True,
    draws: Annotated[int, typer.Option(help="bootstrap draws behind each interval")] = DRAWS,
) -> None:
    """Writes one self-contained HTML file about a run. Exit code 2: something that was handed in cannot be used."""
    try:
        written = write_report(
            lake, run, profile=profile, out=out, markdown=markdown, pictures=pictures, texts=texts, draws=draws
        )
    except InputError as error:
        typer.echo(f"error: {error}", err=True)
        raise typer.Exit(2) from None
    facts = written.facts
    console = Console() if sys.stdout.isatty() else Console(width=LOG_WIDTH)
    summaries = [cell.summary for cell in facts.cells]
    console.print(result_table(summaries, profile=facts.profile.name, banner=facts.banner))
    console.print(
        f"report    {written.page} ({written.size / 1e6:.1f} MB: {written.cards} pictures, {written.images} different images)",
        soft_wrap=True,
    )
    if written.markdown:
        console.print(f"markdown  {written.markdown}", soft_wrap=True)


if __name__ == "__main__":
    app()
