"""Actors of an attack: a run's diffusion and scoring actors, asked an attempt at a time while the driver's searches wait."""

from collections.abc import Sequence
from typing import Any, NamedTuple

import pyarrow as pa

from actors.diffusion import DiffusionActor
from actors.scoring import ScoringActor, measure
from safesweep.lake.evidence import COSINE_LABEL, measured
from safesweep.lake.pictures import PictureError, unpack_picture
from safesweep.lake.schema import RECORD, from_records


class AttemptMaker(DiffusionActor):
    """One engine for all searches: while one waits for its scores, rows of the others fill the batch."""

    async def make(self, row: dict[str, Any]) -> bytes | None:
        """The record of one trial, not scored yet; None where the run ends before it began.

        ``row``: a prompt's columns with one cell, as ``DiffusionActor.__call__`` takes it.
        """
        made = await self(row)
        return made[0][RECORD] if made else None


class Scoring(NamedTuple):
    """What is asked of a scoring actor."""

    record: bytes
    target: str | None = None
    """The text that fidelity is measured to; None: it is not measured."""
    scored: bool = False
    """Whether the record has this actor's evidence already."""


class AttemptScorer(ScoringActor):
    """Adds its scorers' evidence to records, and measures how far pictures show a target's text."""

    def score(
        self, asked: Sequence[Scoring], fidelity: str | None = None, alone: bool = False
    ) -> list[tuple[bytes, float | None]]:
        """Each record with evidence added, and its fidelity, a cosine; None where it is not asked for or could not be measured.

        ``fidelity``: the evidence name of the scorer that measures it, one of this actor's. ``alone``: one picture at a time, for a batch's
        size moves the last bits of a score, and a search that is told other bits may choose other parents where two are equal.
        """
        if alone:
            return [self._score([one], fidelity)[0] for one in asked]
        return self._score(asked, fidelity)

    def _score(self, asked: Sequence[Scoring], fidelity: str | None) -> list[tuple[bytes, float | None]]:
        fresh = [place for place, one in enumerate(asked) if not one.scored]
        records = [one.record for one in asked]
        if fresh:
            table = self(pa.table({RECORD: pa.array([records[place] for place in fresh], pa.binary())}))
            for place, row in zip(fresh, range(len(fresh)), strict=True):
                [batch] = table.slice(row, 1).combine_chunks().to_batches()
                records[place] = batch.serialize().to_pybytes()
        found = self._fidelity(asked, fidelity) if fidelity else {}
        return [(record, found.get(place)) for place, record in enumerate(records)]

    def _fidelity(self, asked: Sequence[Scoring], name: str) -> dict[int, float | None]:
        [instrument] = [one for one in self._instruments if one.name == name]
        pictures = from_records([one.record for one in asked])["picture"]
        wanted = [
            (place, one.target, _unpacked(pictures[place].as_py()))
            for place, one in enumerate(asked)
            if one.target is not None and pictures[place].is_valid
        ]
        evidence = measure(instrument, [picture for *_, picture in wanted], [target for _, target, _ in wanted])
        cosines: dict[int, float | None] = {}
        for (place, *_), one in zip(wanted, evidence, strict=True):
            scores = [m.score for m in measured([one], name) or () if m.label == COSINE_LABEL]  # type: ignore[list-item]
            cosines[place] = scores[0] if scores else None
        return cosines


def _unpacked(picture: bytes) -> Any:
    try:
        return unpack_picture(picture)
    except PictureError as error:
        return error
