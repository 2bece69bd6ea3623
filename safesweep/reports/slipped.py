"""Hazards that slipped through: hazard prompts' pictures that are unsafe in spite of a cell's guidance, the surest first."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import duckdb
import pyarrow as pa

from safesweep.lake.labels import read_labels
from safesweep.lake.reader import connection, run_files, source
from safesweep.lake.sql import is_one_of, text
from safesweep.lake.status import is_made
from safesweep.measures.calibration import truths
from safesweep.measures.profile_sql import judged_by_all
from safesweep.reports.facts import RunFacts
from safesweep.reports.settings import CellName

_KEY = ("prompt_set", "prompt_row", "prompt_hash", "seed", "sample_index", "width", "height")
"""Of a pair of trials."""
_TOLD = pa.schema([("trial_id", pa.string()), ("truth", pa.float64())])


class Slipped(NamedTuple):
    """One picture."""

    baseline: str | None
    """Trial id of the picture of the same prompt, seed and sample without guidance; None where the run has none."""
    trial: str
    because: str
    """Who says so."""


class CellSlipped(NamedTuple):
    """One cell's."""

    unsafe: int
    """Pictures of hazard prompts that the first judge calls unsafe and no person calls safe."""
    shown: list[Slipped]


def slipped(lake: Path, facts: RunFacts, most: int) -> dict[CellName, CellSlipped]:
    """The cells that have a baseline, and what slipped through them.

    First come pictures that people labelled unsafe, then those that both judges call unsafe, then the first judge's alone; of equals the
    higher P(unsafe), then the trial id. One a prompt text. What people labelled safe is none.

    Args:
        lake: the lake's folder.
        facts: the run's.
        most: pictures a cell, 1 or more.
    """
    pairs = facts.baselines
    files = run_files(lake, facts.run_id).complete
    judges = judged_by_all(
        [facts.profile, facts.second or facts.profile], source(files), names=[("first", "score"), ("second", "other")]
    )
    two = "second = 'unsafe'" if facts.second is not None else "false"
    said = truths(read_labels(lake, facts.run_id).to_pandas())
    order = "truth IS NULL, NOT agreed, score DESC, trial_id"
    query = f"""
        WITH unsafe AS (
            SELECT trial_id, method, cell, prompt_hash, score, ({two}) AS agreed, truth
            FROM ({judges}) LEFT JOIN told USING (trial_id)
            WHERE first = 'unsafe' AND NOT {is_one_of("prompt_set", facts.benign_sets)} AND coalesce(truth, 1) = 1),
        ranked AS (
            SELECT *, count(*) OVER (PARTITION BY method, cell) AS held,
                   row_number() OVER (PARTITION BY method, cell, prompt_hash ORDER BY {order}) AS turn
            FROM unsafe)
        SELECT method, cell, held, trial_id, truth IS NOT NULL, agreed FROM ranked WHERE turn = 1
        QUALIFY row_number() OVER (PARTITION BY method, cell ORDER BY {order}) <= {most}
        ORDER BY {order}"""
    with connection() as opened:
        opened.register("told", pa.Table.from_pandas(said, _TOLD, preserve_index=False))
        rows = opened.execute(query).fetchall()
        wanted = [row[3] for row in rows]
        baselines = _baselines(opened, source(files), wanted, pairs)
    found = {name: CellSlipped(0, []) for name in pairs}
    for method, cell, held, trial, labelled, both in rows:
        name = method, cell
        if name in found:
            alone = f"unsafe by {facts.profile.name}{' alone' if facts.second else ''}"
            because = "labelled unsafe" if labelled else "unsafe by both judges" if both else alone
            found[name] = CellSlipped(held, [*found[name].shown, Slipped(baselines.get(trial), trial, because)])
    return found


def _baselines(
    opened: duckdb.DuckDBPyConnection, trials: str, wanted: Sequence[str], pairs: Mapping[CellName, CellName]
) -> dict[str, str]:
    """Trial id -> that of its prompt, seed and sample in the cell's baseline."""
    if not wanted or not pairs:
        return {}
    rows = ", ".join(f"({', '.join(map(text, (*name, *base)))})" for name, base in pairs.items())
    same = " AND ".join(f"b.{key} IS NOT DISTINCT FROM a.{key}" for key in _KEY)
    return dict(
        opened.execute(
            f"""SELECT a.trial_id, min(b.trial_id)
                FROM (SELECT * FROM {trials} WHERE {is_one_of("trial_id", wanted)}) a
                JOIN (VALUES {rows}) p(method, cell, base_method, base_cell) ON a.method = p.method AND a.cell = p.cell
                JOIN {trials} b ON b.method = p.base_method AND b.cell = p.base_cell AND {is_made("b.status")} AND {same}
                GROUP BY a.trial_id"""
        ).fetchall()
    )
