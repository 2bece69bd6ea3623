#!/usr/bin/env python3
"""FID, KID and CMMD of a run's benign pictures: how far each cell's are from the reference, and how many a cell changes.

    safesweep quality lake RUN_ID --model MODEL [--lpips_weights alexnet-owt-7be5be79.pth]

Exit codes: 0 done, 2 something handed in cannot be used.
"""

import sys
from pathlib import Path

if not __package__:  # started as a file: the repository is to be found without an install
    sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from typing import Literal

from pydantic import Field
from pydantic_settings import CliPositionalArg

from safesweep.cli.command import Command
from safesweep.cli.exits import OK, make_console
from safesweep.cli.settings import CommandSettings
from safesweep.config_errors import explain
from safesweep.errors import InputError
from safesweep.lake.folder import LakeFolder


class QualityOptions(CommandSettings):
    """Which pictures, and by whose features."""

    lake: CliPositionalArg[LakeFolder]
    """The lake's folder."""
    run: CliPositionalArg[str]
    """Run id."""
    model: str
    """clip: open_clip's name or local-dir:FOLDER; classifier: its folder; inception: its weights."""
    kind: Literal["clip", "classifier", "inception"] = "clip"
    """Whose features are compared."""
    pretrained: str | None = None
    """clip: open_clip's tag of pretrained weights."""
    reference: Path | None = None
    """Folder of pictures; by default the run's none cell."""
    device: str = "cpu"
    """torch device."""
    batch_size: int = 32
    """Pictures at a time."""
    jackknife_groups: int = Field(default=20, ge=0)
    """Groups of prompts that the distances' intervals leave out in turn; 0 for no intervals."""
    lpips_weights: Path | None = None
    """torchvision's weights of the network of lpips_net, for LPIPS; left out without them."""
    lpips_net: Literal["alex", "vgg", "squeeze"] = "alex"
    """Whose features LPIPS compares."""


def run(options: QualityOptions) -> int:
    from pydantic import ValidationError

    from safesweep.lake.store import RunStore
    from safesweep.quality.benign import benign_quality, quality_table, write_quality
    from safesweep.quality.features import FeatureSettings
    from safesweep.quality.perceptual import LpipsSettings, load_lpips

    features = options.model_dump(include={"kind", "model", "pretrained", "device", "batch_size"})
    try:
        settings = FeatureSettings.model_validate(features)
    except ValidationError as error:
        raise InputError(explain(error)) from error
    look = None
    if options.lpips_weights is not None:
        look = load_lpips(LpipsSettings(net=options.lpips_net, weights=options.lpips_weights, device=options.device))
    found = benign_quality(
        options.lake, options.run, settings, reference=options.reference, groups=options.jackknife_groups, look=look
    )
    banner = ((RunStore(options.lake, options.run).manifest() or {}).get("config") or {}).get("banner")
    console = make_console()
    console.print(quality_table(found, settings, banner))
    path = Path("out") / options.run / "benign_quality.json"
    write_quality(found, settings, path)
    console.print(f"numbers   {path}")
    return OK


COMMAND = Command("quality", __doc__, QualityOptions, run)


if __name__ == "__main__":
    sys.exit(COMMAND.main())
