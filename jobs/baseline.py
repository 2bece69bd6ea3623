#!/usr/bin/env python3
"""Pins, lists and retires baselines: ``jobs/baseline.py pin RUN --suite nightly``. Exit codes: 0 done, 2 bad input."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from typing import Annotated

import typer
from rich.table import Table

from pipelines.job import make_console, run_job
from safesweep.regression.baselines import BaselineStore
from safesweep.regression.policy import DEFAULT_POLICY, load_policy

app = typer.Typer(add_completion=False, no_args_is_help=True, help="Pins, lists and retires baselines.")
Lake = Annotated[Path, typer.Option(help="the lake's folder")]
SUITE = "nightly"


@app.command()
def pin(
    run: Annotated[str, typer.Argument(help="the run that nights are to be held to")],
    suite: Annotated[str, typer.Option(help="the nights that it is for")] = SUITE,
    note: Annotated[str, typer.Option(help="why")] = "",
    policy: Annotated[str, typer.Option(help="whose limits of missing and unscored trials hold")] = DEFAULT_POLICY,
    lake: Lake = Path("lake"),
) -> None:
    """Puts a run in force as the suite's baseline; the one before is retired."""

    def job() -> int:
        entry = BaselineStore(lake).pin(suite, run, load_policy(policy), note)
        make_console().print(
            f"pinned {entry.run_id} ({entry.trials} trials, profile {entry.profile}) for {entry.suite}"
        )
        return 0

    raise typer.Exit(run_job(job))


@app.command("list")
def show(lake: Lake = Path("lake")) -> None:
    """Lists every baseline, those in force and those retired."""

    def job() -> int:
        table = Table("suite", "run", "trials", "profile", "pinned", "retired", "note", box=None)
        for entry in BaselineStore(lake).all():
            row = (
                entry.suite,
                entry.run_id,
                str(entry.trials),
                entry.profile,
                entry.pinned_at,
                entry.retired_at or "in force",
            )
            table.add_row(*row, entry.note)
        make_console().print(table)
        return 0

    raise typer.Exit(run_job(job))


@app.command()
def retire(
    suite: Annotated[str, typer.Argument(help="the nights whose baseline is to go out of force")] = SUITE,
    lake: Lake = Path("lake"),
) -> None:
    """Takes the suite's baseline out of force; its run stays in the lake."""

    def job() -> int:
        make_console().print(f"retired {BaselineStore(lake).retire(suite).run_id} of {suite}")
        return 0

    raise typer.Exit(run_job(job))


if __name__ == "__main__":
    app()
