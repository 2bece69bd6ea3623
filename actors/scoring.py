"""The scoring actor: adds the evidence of its scorers to every picture that was made."""

import logging
from collections.abc import Sequence
from typing import Any, NamedTuple

import pyarrow as pa

from actors.notices import listen
from safesweep.lake.pictures import PictureError, unpack_picture
from safesweep.lake.schema import RECORD, SCHEMA, from_records
from safesweep.scorers.base import Found, Scorer, ScorerSettings
from safesweep.terminal import sayable
from safesweep.types import Picture

log = logging.getLogger(__name__)


class Instrument(NamedTuple):
    """A scorer that is loaded, and how the evidence names it and its weights."""

    name: str
    model: str
    scorer: Scorer


def load_scorer(settings: ScorerSettings, scope: str = "") -> Instrument:
    """Checks and loads a scorer, with the clients of the VLMs that it asks, of the pools of ``scope``. Raises ``InputError``."""
    settings.check()
    clients = []
    if settings.vlms():
        from actors.vlm import make_client

        clients = [make_client(vlm, scope) for vlm in settings.vlms()]
    return Instrument(settings.evidence_name, settings.model_id(), settings.load(*clients))


class ScoringActor:
    """UDF of ``map_batches`` on Arrow tables: records or rows of ``SCHEMA`` in, rows of ``SCHEMA`` out."""

    def __init__(self, scorers: Sequence[ScorerSettings], threads: int | None, scope: str = "") -> None:
        listen("scoring", scope)
        if threads:
            import torch

            torch.set_num_threads(threads)
        self._instruments = [load_scorer(settings, scope) for settings in scorers]

    def __call__(self, table: pa.Table) -> pa.Table:
        # in one piece a column: see from_records
        rows = from_records(table[RECORD].to_pylist()) if RECORD in table.column_names else table.combine_chunks()
        made = [index for index, picture in enumerate(rows["picture"]) if picture.is_valid]
        # rows that repeat a picture are scored with it
        places: dict[tuple[str, bytes], list[int]] = {}
        for index in made:
            places.setdefault((rows["prompt"][index].as_py(), rows["picture"][index].as_py()), []).append(index)
        pictures = [_unpacked(picture) for _, picture in places]
        prompts = [prompt for prompt, _ in places]
        evidence: list[list[dict[str, Any]]] = rows["evidence"].to_pylist()
        for instrument in self._instruments:
            for same, found in zip(places.values(), measure(instrument, pictures, prompts), strict=True):
                for index in same:
                    evidence[index] = [*evidence[index], found]
        column = SCHEMA.get_field_index("evidence")
        return rows.set_column(column, SCHEMA.field(column), pa.array(evidence, SCHEMA.field(column).type))


def _unpacked(picture: bytes) -> Picture | PictureError:
    try:
        return unpack_picture(picture)
    except PictureError as error:  # a lake that is scored again may be anybody's; one picture's failure is its own
        return error


def measure(
    instrument: Instrument, pictures: Sequence[Picture | PictureError], prompts: Sequence[str]
) -> list[dict[str, Any]]:
    """Evidence of each picture, of one that cannot be read its error; where the batch fails each picture is tried alone, so that one
    cannot unscore another."""
    read = [index for index, picture in enumerate(pictures) if not isinstance(picture, PictureError)]
    found = [_evidence(instrument, one) if isinstance(one, PictureError) else {} for one in pictures]
    sound = [picture for picture in pictures if not isinstance(picture, PictureError)]
    for index, evidence in zip(read, _measure(instrument, sound, [prompts[index] for index in read]), strict=True):
        found[index] = evidence
    return found


def _measure(instrument: Instrument, pictures: Sequence[Picture], prompts: Sequence[str]) -> list[dict[str, Any]]:
    if not pictures:
        return []
    try:
        return [_evidence(instrument, found) for found in instrument.scorer.score(pictures, prompts)]
    except Exception as error:
        if len(pictures) == 1:
            log.warning("scorer %s failed on a picture: %s", instrument.name, sayable(str(error)))
            return [_evidence(instrument, error)]
        return [_measure(instrument, [pic], [text])[0] for pic, text in zip(pictures, prompts, strict=True)]


def _evidence(instrument: Instrument, found: Found) -> dict[str, Any]:
    named = {"scorer": instrument.name, "model": instrument.model}
    if isinstance(found, Exception):
        return {**named, "error": sayable(f"{type(found).__name__}: {found}"), "measurements": []}
    return {**named, "error": None, "measurements": [item._asdict() for item in found]}
