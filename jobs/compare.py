#!/usr/bin/env python3
"""Compares two runs, or two cells, trial by trial: ``jobs/compare.py BASELINE CANDIDATE``.

Each is RUN or RUN/CELL, as in ``jobs/compare.py night-1 night-2`` or ``jobs/compare.py 'r1/none' 'r1/dynamic_negative γ=7.5'``.
Exit codes: 0 PASS or WARN, 1 BLOCK, 2 INCONCLUSIVE or not comparable.
"""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import json
from typing import Annotated

import typer

from pipelines.job import make_console, run_job
from safesweep.regression.comparison import compare
from safesweep.regression.comparison_json import plain
from safesweep.regression.comparison_text import FLIPS_SHOWN, markdown, render
from safesweep.regression.policy import DEFAULT_POLICY, load_policy
from safesweep.regression.trials import load_run, select_profile

app = typer.Typer(add_completion=False)


@app.command()
def main(
    baseline: Annotated[str, typer.Argument(help="what the candidate is held to: RUN or RUN/CELL")],
    candidate: Annotated[str, typer.Argument(help="what is judged: RUN or RUN/CELL")],
    lake: Annotated[Path, typer.Option(help="the lake of both")] = Path("lake"),
    candidate_lake: Annotated[Path | None, typer.Option(help="the candidate's, where it is another")] = None,
    policy: Annotated[str, typer.Option(help="name among jobs/policies, or a YAML file")] = DEFAULT_POLICY,
    profile: Annotated[str | None, typer.Option(help="judge both by this rule instead of their own")] = None,
    flips: Annotated[int, typer.Option(min=0, help="flips to list")] = FLIPS_SHOWN,
    markdown_file: Annotated[Path | None, typer.Option("--markdown", help="write Markdown there")] = None,
    json_file: Annotated[Path | None, typer.Option("--json", help="write all numbers and flips there")] = None,
) -> None:
    """Compares two runs, or two cells, trial by trial. Exit codes: 0 PASS or WARN, 1 BLOCK, 2 INCONCLUSIVE or not comparable."""

    def job() -> int:
        rules, rule = load_policy(policy), select_profile(profile)
        result = compare(load_run(lake, baseline, rule), load_run(candidate_lake or lake, candidate, rule), rules)
        make_console().print(render(result, flips))
        if markdown_file:
            markdown_file.write_text(markdown(result, flips))
        if json_file:
            json_file.write_text(json.dumps(plain(result), indent=2, ensure_ascii=False) + "\n")
        return result.verdict.exit_code

    raise typer.Exit(run_job(job))


if __name__ == "__main__":
    app()
