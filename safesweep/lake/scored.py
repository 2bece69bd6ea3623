"""Which scorers have measured a run's pictures, as the evidence itself says."""

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from safesweep.lake.layout import with_footers
from safesweep.lake.parquet_files import read_schema
from safesweep.lake.reader import connection, source
from safesweep.lake.status import is_made


class Scored(NamedTuple):
    """What the pictures of some files were scored by."""

    pictures: int
    """Trials with a picture."""
    models: dict[str, dict[str | None, int]]
    """As ``models_of``."""


def scored(files: Sequence[Path]) -> Scored:
    """Reads the evidence of whole files; files of other programs that have none are left out."""
    paths = [path for path in with_footers(files) if {"status", "evidence"} <= set(read_schema(path).names)]
    if not paths:
        return Scored(0, {})
    with connection() as opened:
        [(pictures,)] = opened.execute(f"SELECT count(*) FROM {source(paths)} WHERE {is_made()}").fetchall()
    return Scored(pictures, models_of(paths))


def models_of(files: Sequence[Path]) -> dict[str, dict[str | None, int]]:
    """Scorer -> model@digest (None: evidence that names none) -> pictures that it has scored, or failed on."""
    with connection() as opened:
        found = opened.execute(
            f"""SELECT e.scorer, e.model, count(*) FROM (SELECT unnest(evidence) AS e FROM {source(files)})
                GROUP BY ALL ORDER BY ALL"""
        ).fetchall()
    models: dict[str, dict[str | None, int]] = {}
    for scorer, model, count in found:
        models.setdefault(scorer, {})[model] = count
    return models
