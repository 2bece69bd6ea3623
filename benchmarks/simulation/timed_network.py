"""Stand-ins for what needs a GPU: a diffusion family whose forward takes a set time and no CPU, and a scorer that is free.

All else of a run is the product's own, which knows of them by `plugin`.

Shape suffixes: R network rows, B pictures, C H W latents, S steps.
"""

import json
import os
import struct
import time
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from safesweep.lake.evidence import Measurement
from safesweep.scorers.base import Client, Scorer, ScorerSettings
from safesweep.types import Picture

PLUGIN = "benchmarks.simulation.plugin"
PIPELINE = "TimedPipeline"
KIND = "free"
SIDE = 8
"""Pixels a latent."""
FORWARD = struct.Struct("<ddi")
"""Of a worker's diary: when a forward began, when it ended (seconds since 1970), rows."""


def make_checkpoint(folder: Path, forward_ms: float, diary: Path) -> Path:
    """A pipeline's folder for `timed_family.TimedModel`; its workers write their forwards into the folder ``diary``."""
    folder.mkdir(parents=True)
    diary.mkdir(parents=True, exist_ok=True)
    index = {"_class_name": PIPELINE, "forward_ms": forward_ms, "diary": str(diary)}
    (folder / "model_index.json").write_text(json.dumps(index))
    return folder


class Forward(NamedTuple):
    """One forward of a worker; times are seconds since 1970."""

    begun: float
    ended: float
    rows: int


def read_diaries(folder: Path) -> dict[str, list[Forward]]:
    """Each worker's forwards in their order."""
    whole = {path.stem: path.read_bytes() for path in folder.glob("*.forwards")}
    return {
        name: [Forward(*one) for one in FORWARD.iter_unpack(data[: len(data) // FORWARD.size * FORWARD.size])]
        for name, data in whole.items()
    }


class Diary:
    """This process's own; what is written reaches the file with every ``flush``, for workers are killed at the end."""

    def __init__(self, folder: Path) -> None:
        self._file = (folder / f"{os.getpid()}.forwards").open("ab")

    def forward(self, begun: float, rows: int) -> None:
        """A forward that ends now."""
        self._file.write(FORWARD.pack(begun, time.time(), rows))

    def flush(self) -> None:
        """To the file."""
        self._file.flush()


class FreeScorer(Scorer):
    """One number a picture, nearly for nothing."""

    def score(self, pictures: Sequence[Picture], prompts: Sequence[str]) -> list[list[Measurement]]:
        return [[Measurement("bright", float(picture[0, 0, 0]) / 255)] for picture in pictures]


class FreeSettings(ScorerSettings):
    """It has no weights."""

    kind: str = KIND

    def check(self) -> None:
        pass

    def model_id(self) -> str:
        return f"{KIND}@1"

    def load(self, *clients: Client) -> Scorer:
        return FreeScorer()
