"""Each picture of a cell beside that of the same prompt, seed and sample in another cell."""

from collections.abc import Collection, Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from safesweep.errors import InputError
from safesweep.lake.pictures import PictureError, unpack_picture
from safesweep.lake.reader import connection, source
from safesweep.lake.sql import is_one_of, text
from safesweep.lake.status import is_made
from safesweep.types import Picture

CellName = tuple[str, str]
"""(method, cell)"""
NEAR = 2.0
"""Mean absolute difference, colour levels of 255, up to which a picture looks the same: below what JPEG at quality 90 does."""
_KEY = ("prompt_set", "prompt_row", "prompt_hash", "seed", "sample_index", "width", "height")


class Pair(NamedTuple):
    """Two pictures of one prompt and seed."""

    cluster: str
    """Hash of the prompt's text."""
    baseline: Picture
    candidate: Picture
    before: tuple[Any, ...]
    """Of the baseline's trial, what was asked for."""
    after: tuple[Any, ...]
    """Of the candidate's, the same."""

    @property
    def apart(self) -> float:
        """Mean absolute difference, colour levels of 255."""
        return float(np.abs(self.candidate.astype(np.int16) - self.baseline.astype(np.int16)).mean())


def picture_pairs(
    files: Sequence[Path],
    sets: Collection[str],
    name: CellName,
    base: CellName,
    size: int,
    values: Sequence[str] = (),
) -> Iterator[list[Pair]]:
    """Pairs of one picture size each, at most ``size`` at a time; duckdb keeps what does not fit into memory on disk.

    Args:
        files: a run's complete ones.
        sets: its prompt sets that are looked at.
        name, base: the cell and the one that it is compared with.
        values: SQL expressions over a trial's columns whose values each side brings along.

    Raises:
        InputError: a picture that cannot be read, or two of a pair of other sizes than each other.
    """
    columns = "".join(f", {value} AS value_{place}" for place, value in enumerate(values))

    def side(cell: CellName) -> str:
        chosen = f"method = {text(cell[0])} AND cell = {text(cell[1])} AND {is_one_of('prompt_set', sets)}"
        return (
            f"(SELECT {', '.join(_KEY)}, picture{columns} FROM {source(files)} "
            f"WHERE {is_made()} AND picture IS NOT NULL AND {chosen})"
        )

    same = " AND ".join(f"a.{key} IS NOT DISTINCT FROM b.{key}" for key in _KEY)
    brought = "".join(f", {one}.value_{place}" for one in "ab" for place in range(len(values)))
    with connection() as opened:
        query = opened.execute(
            f"SELECT a.prompt_hash, a.picture, b.picture{brought} FROM {side(base)} a JOIN {side(name)} b ON {same}"
        )
        while rows := query.fetchmany(size):
            by_size: dict[tuple[int, ...], list[Pair]] = {}
            for cluster, one, other, *further in rows:
                try:
                    pictures = (unpack_picture(one), unpack_picture(other))
                except PictureError as error:
                    raise InputError(f"{name[1]}: a picture cannot be compared: {error}") from error
                before, after = tuple(further[: len(values)]), tuple(further[len(values) :])
                pair = Pair(cluster, *pictures, before, after)
                if pair.baseline.shape != pair.candidate.shape:
                    raise InputError(
                        f"{name[1]}: a picture of {pair.candidate.shape}, its baseline's is {pair.baseline.shape}"
                    )
                by_size.setdefault(pair.baseline.shape, []).append(pair)
            yield from by_size.values()
