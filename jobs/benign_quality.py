#!/usr/bin/env python3
"""FID and KID of a run's benign pictures: ``jobs/benign_quality.py LAKE RUN_ID --model MODEL [--kind clip|classifier|inception]``."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from typing import Annotated, Literal

import typer
from pydantic import ValidationError

from pipelines.job import make_console
from safesweep.config_errors import explain
from safesweep.errors import InputError
from safesweep.lake.store import RunStore
from safesweep.quality.benign import Sampling, benign_quality, quality_table, write_quality
from safesweep.quality.features import FeatureSettings

app = typer.Typer(add_completion=False)


@app.command()
def quality(
    lake: Annotated[Path, typer.Argument(help="the lake's folder")],
    run: Annotated[str, typer.Argument(help="run id")],
    model: Annotated[
        str, typer.Option(help="open_clip name or local-dir:FOLDER; classifier's folder; Inception's weights")
    ],
    kind: Annotated[
        Literal["clip", "classifier", "inception"], typer.Option(help="whose features are compared")
    ] = "clip",
    pretrained: Annotated[str | None, typer.Option(help="clip: open_clip's tag of pretrained weights")] = None,
    reference: Annotated[Path | None, typer.Option(help="folder of pictures; by default the run's none cell")] = None,
    device: Annotated[str, typer.Option(help="torch device")] = "cpu",
    batch_size: Annotated[int, typer.Option(help="pictures at a time")] = 32,
    subsets: Annotated[int, typer.Option(min=1, help="KID: subsets drawn")] = 100,
    subset_size: Annotated[int, typer.Option(min=2, help="KID: pictures a subset, at most")] = 1000,
) -> None:
    """Measures how far each cell's benign pictures are from the reference. Exit code 2: something handed in cannot be used."""
    try:
        settings = FeatureSettings(kind=kind, model=model, pretrained=pretrained, device=device, batch_size=batch_size)
        found = benign_quality(lake, run, settings, reference=reference, sampling=Sampling(subsets, subset_size))
    except ValidationError as error:
        typer.echo(f"error: {explain(error)}", err=True)
        raise typer.Exit(2) from None
    except InputError as error:
        typer.echo(f"error: {error}", err=True)
        raise typer.Exit(2) from None
    banner = ((RunStore(lake, run).manifest() or {}).get("config") or {}).get("banner")
    console = make_console()
    console.print(quality_table(found, settings, banner))
    path = Path("out") / run / "benign_quality.json"
    write_quality(found, settings, path)
    console.print(f"numbers   {path}")


if __name__ == "__main__":
    app()
