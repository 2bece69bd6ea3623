"""What a method does to benign pictures one by one: each beside the picture of the same prompt and seed without guidance."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np

from safesweep.measures.intervals import Interval, cluster_bootstrap, rate_interval
from safesweep.measures.picture_pairs import NEAR, CellName, picture_pairs
from safesweep.quality.perceptual import LookApart


class Changes(NamedTuple):
    """One cell's benign pictures against its baseline's, pair by pair; intervals are clustered by prompt text."""

    same: Interval
    """Share that is equal in every pixel."""
    near: Interval
    """Share whose mean absolute difference is at most `NEAR`."""
    lpips: Interval | None
    """Mean; None where it was not measured."""


def changes(
    files: Sequence[Path],
    benign: set[str],
    pairs: Mapping[CellName, CellName],
    look: LookApart | None = None,
    batch_size: int = 32,
) -> dict[CellName, Changes]:
    """Compares each cell's pictures with those of its baseline.

    Args:
        files: a run's complete ones.
        benign: its benign sets.
        pairs: cell -> baseline cell.
        look: LPIPS; None leaves it out.
        batch_size: pairs that are in memory, and measured, at a time.

    Raises:
        InputError: as `picture_pairs`.
    """
    found = {}
    for name, base in pairs.items():
        clusters: list[str] = []
        apart: list[float] = []
        looks: list[float] = []
        for batch in picture_pairs(files, benign, name, base, batch_size):
            clusters += [pair.cluster for pair in batch]
            apart += [pair.apart for pair in batch]
            if look is not None:
                looks += look([pair.baseline for pair in batch], [pair.candidate for pair in batch])
        differ = np.array(apart)
        found[name] = Changes(
            rate_interval((differ == 0).astype(float), clusters),
            rate_interval((differ <= NEAR).astype(float), clusters),
            None if look is None else cluster_bootstrap(looks, clusters),
        )
    return found
