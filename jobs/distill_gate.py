#!/usr/bin/env python3
"""Distills a gate from the VLM's answers in runs of a lake: a small classifier of previews that answers in its place where it is sure.

    safesweep distill RUN … --name NAME [--vocabulary NAME] [--recipe.epochs 40]

The same command again goes on where a killed one stopped. A cell takes the gate by `gate: NAME`.

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
from safesweep.gates.recipe import GateRecipe
from safesweep.lake.folder import LakeFolder

GATES = Path("gates")


class DistillOptions(CommandSettings):
    """Which runs, and how the gate is learned."""

    runs: CliPositionalArg[list[str]] = Field(min_length=1)
    """Finished runs whose cells asked a VLM."""
    lake: LakeFolder = Path("lake")
    """The lake's folder."""
    name: str | None = Field(default=None, pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]*$")
    """Of the gate, and of its folder in ``gates``, where cells find it by its bare name."""
    output: Path | None = None
    """The gate's folder, in the place of a name."""
    vocabulary: str | None = None
    """Harm vocabulary whose question was asked: a name or a YAML file; by default the first run's."""
    recipe: GateRecipe = GateRecipe()
    """How it is learned."""
    threads: PositiveInt | None = None
    """torch threads; by default torch's own choice. Another number may give other low bits."""


def run(options: DistillOptions) -> int:
    import torch

    from safesweep.gates.card import rare_note, threshold_table
    from safesweep.gates.distill import distill
    from safesweep.lake.finished import finished_run
    from safesweep.vlm.vocabulary import HarmVocabulary

    if (options.name is None) == (options.output is None):
        raise InputError("name, output: one of both is needed, and not both")
    folder = options.output or GATES / str(options.name)
    if options.threads:
        torch.set_num_threads(options.threads)
    config = finished_run(options.lake, options.runs[0]).manifest.get("config") or {}
    vocabulary = HarmVocabulary.from_yaml(options.vocabulary or config.get("vocabulary", "i2p"))
    console = make_console()
    made = distill(
        options.lake,
        options.runs,
        vocabulary,
        options.recipe,
        folder,
        lambda line: console.print(line, soft_wrap=True, highlight=False, markup=False),
    )
    console.print(threshold_table(made.quality, config.get("banner")))
    if note := rare_note(made.rare):
        console.print(f"terms     {note}", soft_wrap=True, highlight=False, markup=False)
    console.print(f"gate      {folder} (sha256:{made.gate.digest})", soft_wrap=True, highlight=False, markup=False)
    return OK


COMMAND = Command("distill", __doc__, DistillOptions, run)


if __name__ == "__main__":
    sys.exit(COMMAND.main())
