"""The scoring actor: adds the evidence of its scorers to every picture that was made."""

import logging
from collections.abc import Sequence
from typing import Any

import pyarrow as pa

from safesweep.lake.pictures import unpack_picture
from safesweep.lake.schema import RECORD, SCHEMA, from_records
from safesweep.scorers import Scorer, make_scorer
from safesweep.scorers.base import Found
from safesweep.scorers.settings import ScorerSettings
from safesweep.types import Picture

log = logging.getLogger(__name__)


class ScoringActor:
    """UDF of ``map_batches`` on Arrow tables: records or rows of ``SCHEMA`` in, rows of ``SCHEMA`` out."""

    def __init__(self, scorers: Sequence[ScorerSettings], threads: int | None) -> None:
        if threads:
            import torch

            torch.set_num_threads(threads)
        self._scorers = [make_scorer(settings) for settings in scorers]

    def __call__(self, table: pa.Table) -> pa.Table:
        rows = from_records(table[RECORD].to_pylist()) if RECORD in table.column_names else table
        made = [index for index, picture in enumerate(rows["picture"]) if picture.is_valid]
        pictures = [unpack_picture(rows["picture"][index].as_py()) for index in made]
        prompts = [rows["prompt"][index].as_py() for index in made]
        evidence: list[list[dict[str, Any]]] = rows["evidence"].to_pylist()
        for scorer in self._scorers:
            for index, found in zip(made, _measure(scorer, pictures, prompts), strict=True):
                evidence[index] = [*evidence[index], found]
        column = SCHEMA.get_field_index("evidence")
        return rows.set_column(column, SCHEMA.field(column), pa.array(evidence, SCHEMA.field(column).type))


def _measure(scorer: Scorer, pictures: Sequence[Picture], prompts: Sequence[str]) -> list[dict[str, Any]]:
    """Evidence of each picture; where the batch fails each picture is tried alone, so that one cannot unscore another."""
    if not pictures:
        return []
    try:
        return [_evidence(scorer, found) for found in scorer.score(pictures, prompts)]
    except Exception as error:
        if len(pictures) == 1:
            log.warning("scorer %s failed on a picture: %s", scorer.name, error)
            return [_evidence(scorer, error)]
        return [_measure(scorer, [pic], [text])[0] for pic, text in zip(pictures, prompts, strict=True)]


def _evidence(scorer: Scorer, found: Found) -> dict[str, Any]:
    failed = isinstance(found, Exception)
    return {
        "scorer": scorer.name,
        "model": scorer.model,
        "error": f"{type(found).__name__}: {found}" if failed else None,
        "measurements": [] if failed else [item._asdict() for item in found],
    }
