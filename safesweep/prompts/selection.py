"""Which rows of a file are taken: a range, categories, a random sample, a shard."""

import random
import re
from collections.abc import Collection, Iterable
from dataclasses import dataclass

from safesweep.errors import InputError


@dataclass(frozen=True)
class Selection:
    """Applied in the order of its fields; a limit comes behind them all."""

    first: int = 0
    """Row, counted from 0."""
    end: int | None = None
    """The row behind the last; None: to the end."""
    categories: frozenset[str] = frozenset()
    """Only rows of any of these, lower case; empty: all."""
    sample: int | None = None
    """So many of the rows, drawn at random and kept in the file's order."""
    sample_seed: int = 0
    shard: int = 0
    """Of the rows so far, each ``shards``-th, from this one on."""
    shards: int = 1

    def covers(self, row: int, categories: Iterable[str]) -> bool:
        """Whether range and categories let a row through."""
        return self.first <= row and (not self.categories or not self.categories.isdisjoint(categories))

    def is_past(self, row: int) -> bool:
        """Whether neither this row nor any behind it is in the range."""
        return self.end is not None and row >= self.end

    def draw(self, rows: list[int]) -> Collection[int]:
        """The sampled of these rows; the same for the same rows, size and seed."""
        if self.sample is None or self.sample >= len(rows):
            return rows
        return set(random.Random(self.sample_seed).sample(rows, self.sample))


def make_selection(
    rows: str | None = None,
    categories: Iterable[str] = (),
    sample: int | None = None,
    sample_seed: int = 0,
    shard: str | None = None,
) -> Selection:
    """A selection as people write it.

    Args:
        rows: ``100:200`` for rows 100 … 199, counted from 0; either number may be left out.
        categories: names in any case.
        sample: how many rows, at least 1.
        sample_seed: another seed draws others.
        shard: ``2/8`` for the second of eight; together the shards are all rows, each once.

    Raises:
        InputError: a value of another form, or out of range.
    """
    first, end = 0, None
    if rows is not None:
        found = re.fullmatch(r"\s*(\d*)\s*:\s*(\d*)\s*", rows)
        if not found:
            raise InputError(f"rows is {rows!r}; a range such as 100:200 is wanted, counted from 0, its end left out")
        first, end = int(found[1] or 0), int(found[2]) if found[2] else None
        if end is not None and end <= first:
            raise InputError(f"rows is {rows!r}; the end must lie behind the first row")
    if sample is not None and sample < 1:
        raise InputError(f"sample is {sample}; at least 1 is allowed")
    part, parts = 1, 1
    if shard is not None:
        found = re.fullmatch(r"\s*(\d+)\s*/\s*(\d+)\s*", shard)
        if not found or not 1 <= int(found[1]) <= int(found[2]):
            raise InputError(f"shard is {shard!r}; one of several is wanted, such as 2/8, from 1/8 to 8/8")
        part, parts = int(found[1]), int(found[2])
    chosen = frozenset(name.strip().casefold() for name in categories)
    return Selection(first, end, chosen, sample, sample_seed, part - 1, parts)
