"""What a method does to benign pictures one by one: each beside the picture of the same prompt and seed without guidance."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np

from safesweep.errors import InputError
from safesweep.lake.pictures import PictureError, unpack_picture
from safesweep.lake.reader import connection, source
from safesweep.lake.sql import is_one_of, text
from safesweep.lake.status import is_made
from safesweep.measures.intervals import Interval, cluster_bootstrap, rate_interval
from safesweep.measures.overview import CellName
from safesweep.quality.perceptual import LookApart
from safesweep.types import Picture

NEAR = 2.0
"""Mean absolute difference, colour levels of 255, up to which a picture looks the same: below what JPEG at quality 90 does."""
_KEY = ("prompt_set", "prompt_row", "prompt_hash", "seed", "sample_index", "width", "height")


class Changes(NamedTuple):
    """One cell's benign pictures against its baseline's, pair by pair; intervals are clustered by prompt text."""

    same: Interval
    """Share that is equal in every pixel."""
    near: Interval
    """Share whose mean absolute difference is at most `NEAR`."""
    lpips: Interval | None
    """Mean; None where it was not measured."""


class _Pair(NamedTuple):
    cluster: str
    baseline: Picture
    candidate: Picture


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
        InputError: a picture that cannot be read, or two of a pair of other sizes than each other.
    """
    found = {}
    for name, base in pairs.items():
        clusters: list[str] = []
        apart: list[float] = []
        looks: list[float] = []
        for batch in _pairs(files, benign, name, base, batch_size):
            clusters += [pair.cluster for pair in batch]
            apart += [float(np.abs(b.astype(np.int16) - a.astype(np.int16)).mean()) for _, a, b in batch]
            if look is not None:
                looks += look([pair.baseline for pair in batch], [pair.candidate for pair in batch])
        differ = np.array(apart)
        found[name] = Changes(
            rate_interval((differ == 0).astype(float), clusters),
            rate_interval((differ <= NEAR).astype(float), clusters),
            None if look is None else cluster_bootstrap(looks, clusters),
        )
    return found


def _pairs(files: Sequence[Path], benign: set[str], name: CellName, base: CellName, size: int) -> Iterator[list[_Pair]]:
    """Pairs of one picture size each, ``size`` at a time; duckdb keeps what does not fit into memory on disk."""

    def side(cell: CellName) -> str:
        chosen = f"method = {text(cell[0])} AND cell = {text(cell[1])} AND {is_one_of('prompt_set', benign)}"
        return f"(SELECT {', '.join(_KEY)}, picture FROM {source(files)} WHERE {is_made()} AND picture IS NOT NULL AND {chosen})"

    same = " AND ".join(f"a.{key} IS NOT DISTINCT FROM b.{key}" for key in _KEY)
    with connection() as opened:
        query = opened.execute(
            f"SELECT a.prompt_hash, a.picture, b.picture FROM {side(base)} a JOIN {side(name)} b ON {same}"
        )
        while rows := query.fetchmany(size):
            by_size: dict[tuple[int, ...], list[_Pair]] = {}
            for cluster, one, other in rows:
                try:
                    pair = _Pair(cluster, unpack_picture(one), unpack_picture(other))
                except PictureError as error:
                    raise InputError(f"{name[1]}: a picture cannot be compared: {error}") from error
                if pair.baseline.shape != pair.candidate.shape:
                    raise InputError(
                        f"{name[1]}: a picture of {pair.candidate.shape}, its baseline's is {pair.baseline.shape}"
                    )
                by_size.setdefault(pair.baseline.shape, []).append(pair)
            yield from by_size.values()
