#!/usr/bin/env python3
"""Encodes a run's unsafe pictures into a file of reference latents, which the safe denoiser keeps away from.

    safesweep references RUN OUT --model MODEL

Exit codes: 0 done, 2 something handed in cannot be used.
"""

import sys
from pathlib import Path

if not __package__:  # started as a file: the repository is to be found without an install
    sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from pydantic import PositiveInt
from pydantic_settings import CliPositionalArg

from safesweep.cli.command import Command
from safesweep.cli.exits import OK, make_console
from safesweep.cli.settings import CommandSettings
from safesweep.lake.folder import LakeFolder
from safesweep.settings import Dtype


class ReferencesOptions(CommandSettings):
    """Which pictures, and whose autoencoder."""

    run: CliPositionalArg[str]
    """The run, finished."""
    out: CliPositionalArg[Path]
    """The file that is written, safetensors; a new one."""
    model: str
    """Folder or hub id of the diffusion model that is to be guided."""
    lake: LakeFolder = Path("lake")
    """The lake's folder."""
    profile: str | None = None
    """Rule that says which pictures are unsafe; by default the run's own."""
    most: PositiveInt = 500
    """Pictures that are taken at most, evenly spaced over the run."""
    revision: str | None = None
    """Of the hub: a commit, a tag or a branch."""
    device: str = "cpu"
    """torch device."""
    dtype: Dtype = "float32"
    """Type of the weights."""
    batch_size: PositiveInt = 8
    """Pictures at a time."""


def run(options: ReferencesOptions) -> int:
    from pipelines.references import make_references

    made = make_references(
        options.lake,
        options.run,
        options.out,
        model=options.model,
        profile=options.profile,
        revision=options.revision,
        device=options.device,
        dtype=options.dtype,
        most=options.most,
        batch=options.batch_size,
    )
    size = "" if made.size is None else f" of pictures of {made.size[0]} × {made.size[1]} pixels"
    make_console().print(
        f"references  {options.out} ({made.shape[0]:,}{size}, judged by {made.notes['profile']})", soft_wrap=True
    )
    return OK


COMMAND = Command("references", __doc__, ReferencesOptions, run)


if __name__ == "__main__":
    sys.exit(COMMAND.main())
