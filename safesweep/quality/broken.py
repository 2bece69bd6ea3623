"""The pictures that each cell of a run broke most: benign ones, farthest from those of the same prompt and seed without guidance."""

import heapq
from collections.abc import Collection, Iterable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from safesweep.lake.reader import run_files
from safesweep.measures.picture_pairs import CellName, picture_pairs
from safesweep.reports.facts import RunFacts
from safesweep.reports.lead import Apart, Breakage

if TYPE_CHECKING:  # torch, for which a report without LPIPS need not wait
    from safesweep.quality.perceptual import LookApart


class Change(NamedTuple):
    """One picture beside its baseline's."""

    prompt: str
    """SHA-256 of its text."""
    baseline: str
    """Trial ids."""
    candidate: str
    distance: float


def breakage(
    lake: Path, facts: RunFacts, *, most: int = 3, look: "LookApart | None" = None, batch_size: int = 32
) -> Breakage:
    """Lays every benign picture of a run's cells beside the baseline's.

    Args:
        lake: the lake's folder.
        facts: the run's.
        most: pictures a cell, 1 or more.
        look: LPIPS; None takes the mean absolute difference of colours, which needs no network.
        batch_size: pairs that are in memory, and measured, at a time.

    Raises:
        InputError: as `picture_pairs`.
    """
    files = run_files(lake, facts.run_id).complete
    found = {
        name: farthest(_changes(files, facts.benign_sets, name, base, look, batch_size), most)
        for name, base in facts.baselines.items()
    }
    if look is None:
        return Breakage("the mean difference of their colours, in levels of 255", "{} levels apart", 1, found)
    return Breakage("LPIPS", "LPIPS {}", 3, found)


def _changes(
    files: Sequence[Path], benign: Collection[str], name: CellName, base: CellName, look: "LookApart | None", size: int
) -> Iterator[Change]:
    for batch in picture_pairs(files, benign, name, base, size, ("trial_id",)):
        distances = [pair.apart for pair in batch]
        if look is not None:
            distances = look([pair.baseline for pair in batch], [pair.candidate for pair in batch])
        for pair, distance in zip(batch, distances, strict=True):
            yield Change(pair.cluster, pair.before[0], pair.after[0], distance)


def farthest(changes: Iterable[Change], most: int) -> list[Apart]:
    """The changes that are largest, one a prompt text, the largest first; equal pictures are none of them.

    Ties are settled by trial id, so that the order does not hang on that of the rows. In memory is one a prompt text.
    """
    largest: dict[str, Change] = {}
    for one in changes:
        if one.distance > 0 and (one.prompt not in largest or _order(one) < _order(largest[one.prompt])):
            largest[one.prompt] = one
    return [Apart(*one[1:]) for one in heapq.nsmallest(most, largest.values(), key=_order)]


def _order(one: Change) -> tuple[float, str]:
    return -one.distance, one.candidate
