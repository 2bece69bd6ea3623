"""Which scorers have measured a run's pictures, as the evidence itself says."""

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import duckdb
import pyarrow.parquet as pq

from safesweep.lake.layout import has_footer
from safesweep.lake.sql import text


class Scored(NamedTuple):
    """What the pictures of some files were scored by."""

    pictures: int
    """Trials with a picture."""
    models: dict[str, dict[str, int]]
    """Scorer -> model@digest -> pictures that it has scored, or failed on."""


def scored(files: Sequence[Path]) -> Scored:
    """Reads the evidence of whole files; files of other programs that have none are left out."""
    paths = [path for path in files if has_footer(path) and {"status", "evidence"} <= set(pq.read_schema(path).names)]
    if not paths:
        return Scored(0, {})
    listed = ", ".join(text(str(path)) for path in paths)
    rows = f"(SELECT evidence FROM read_parquet([{listed}], union_by_name = true, hive_partitioning = false) WHERE status = 'ok')"
    models: dict[str, dict[str, int]] = {}
    with duckdb.connect(":memory:") as opened:
        [(pictures,)] = opened.execute(f"SELECT count(*) FROM {rows}").fetchall()
        found = opened.execute(
            f"""SELECT e.scorer, e.model, count(*) FROM (SELECT unnest(evidence) AS e FROM {rows})
                GROUP BY ALL ORDER BY ALL"""
        ).fetchall()
    for scorer, model, count in found:
        models.setdefault(scorer, {})[model] = count
    return Scored(pictures, models)
