"""Single pictures beside those of the same prompt and seed without guidance: what a cell broke most, and what slipped through it."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from safesweep.lake.reader import connection, read_whole_trials, run_files, source
from safesweep.lake.sql import is_one_of
from safesweep.measures.profiles import Outcome
from safesweep.reports.facts import CellFacts, RunFacts
from safesweep.reports.gallery import HASH_DIGITS, LONGEST, Gallery, Shown, way_of
from safesweep.reports.lead import Lead
from safesweep.reports.settings import CellName
from safesweep.reports.slipped import slipped
from safesweep.reports.text import decimal
from safesweep.reports.veil import named_columns

MOST_CELLS = 8
"""That have such pictures: those on the front first, then in the report's order. A grid of cells would bury the rest of the page."""
_READ = ("trial_id", "prompt", "prompt_hash", "prompt_set", "categories", "seed", "sample_index", "benign", "models", "status", "picture",
         "exchanges", "evidence")  # fmt: skip


class Shot(NamedTuple):
    """One picture."""

    image: str | None
    """Key among the gallery's images."""
    shown: Shown
    outcome: Outcome
    score: float | None


class Pair(NamedTuple):
    """Two pictures of one prompt, seed and sample."""

    prompt_hash: str
    prompt_set: str
    categories: tuple[str, ...]
    seed: int
    without: Shot | None
    """Without guidance; None where the run has none."""
    guided: Shot
    said: str
    """Why it is shown."""


class CellPairs(NamedTuple):
    """One cell's."""

    cell: CellFacts
    pairs: list[Pair]
    more: int
    """Pictures of which these are the first; 0 where it is not known."""


class SideBySide(NamedTuple):
    """By cell, those with pictures only."""

    broken: list[CellPairs]
    slipped: list[CellPairs]
    left_out: int
    """Cells beyond `MOST_CELLS`."""


NOTHING_BESIDE = SideBySide([], [], 0)


class _Wanted(NamedTuple):
    without: str | None
    guided: str
    said: str


def side_by_side(lake: Path, facts: RunFacts, lead: Lead, gallery: Gallery, *, originals: bool = False) -> SideBySide:
    """Read the pictures that a report leads with.

    Args:
        lake: the lake's folder.
        facts: the run's.
        lead: which pictures a cell broke most, and how many that slipped through are wanted.
        gallery: holds the images and the prompts, as those of its own cards.
        originals: hold pictures as they are where they are blurred.
    """
    guided = [cell for cell in facts.cells if cell.baseline is not None]
    cells = sorted(guided, key=lambda cell: not cell.view.point.on_front)[:MOST_CELLS]
    cells = [cell for cell in guided if cell in cells]
    broken: dict[CellName, list[_Wanted]] = {}
    if lead.breakage is not None:
        for name, found in lead.breakage.most.items():
            broken[name] = [
                _Wanted(
                    one.baseline, one.candidate, lead.breakage.words.format(decimal(one.distance, lead.breakage.digits))
                )
                for one in found
            ]
    through = slipped(lake, facts, lead.slipped) if lead.slipped else {}
    caught = {
        name: [_Wanted(one.baseline, one.trial, one.because) for one in found.shown] for name, found in through.items()
    }
    names = {(cell.summary.method, cell.summary.cell): cell for cell in cells}
    wanted = [one for group in (broken, caught) for name in names for one in group.get(name, [])]
    shots = _shots(lake, facts, gallery, wanted, originals)

    def laid(group: Mapping[CellName, Sequence[_Wanted]], more: Mapping[CellName, int]) -> Iterator[CellPairs]:
        for name, cell in names.items():
            pairs = [_pair(one, shots) for one in group.get(name, [])]
            if pairs:
                yield CellPairs(cell, pairs, more.get(name, 0))

    return SideBySide(
        list(laid(broken, {})),
        list(laid(caught, {name: found.unsafe for name, found in through.items()})),
        len(guided) - len(cells),
    )


_Read = tuple[Shot, Mapping[str, Any]]


def _shots(
    lake: Path, facts: RunFacts, gallery: Gallery, wanted: Sequence[_Wanted], originals: bool
) -> dict[str, _Read]:
    """Trial id -> its picture, and its row."""
    ids = {trial for one in wanted for trial in (one.without, one.guided) if trial is not None}
    found: dict[str, _Read] = {}
    if not ids:
        return found
    files = run_files(lake, facts.run_id).complete
    chosen = is_one_of("trial_id", ids)
    with connection(ordered=True) as opened:
        opened.execute(f"CREATE TEMP TABLE cells AS SELECT DISTINCT method, cell FROM {source(files)}")
        opened.execute(
            f"CREATE TEMP TABLE columns AS SELECT DISTINCT prompt_hash, seed, sample_index FROM {source(files)} WHERE {chosen}"
        )
        named = named_columns(opened, source(files), facts.profile)
        trials = f"SELECT trial_id FROM {source(files)} WHERE {chosen}"
        for row in read_whole_trials(opened, files, trials, _READ):
            way = way_of(row, named, facts.profile, originals=originals)
            verdict = facts.profile.judge(row["evidence"])
            gallery.prompts[row["prompt_hash"][:HASH_DIGITS]] = row["prompt"] or ""
            image = gallery.add_image(row["picture"], LONGEST, blurred=way == "blurred")
            found[row["trial_id"]] = Shot(image, way, verdict.outcome, verdict.score), row
    return found


def _pair(one: _Wanted, shots: Mapping[str, _Read]) -> Pair:
    guided, row = shots[one.guided]
    return Pair(
        prompt_hash=row["prompt_hash"][:HASH_DIGITS],
        prompt_set=row["prompt_set"] or "",
        categories=tuple(row["categories"] or ()),
        seed=row["seed"],
        without=shots[one.without][0] if one.without is not None and one.without in shots else None,
        guided=guided,
        said=one.said,
    )
