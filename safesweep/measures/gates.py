"""What a gate did in a run: how often it answered in the VLM's place, and how often the audit says that it was wrong."""

from pathlib import Path
from typing import NamedTuple

import numpy as np

from safesweep.lake.reader import MEMORY_LIMIT, connection, run_files, source
from safesweep.measures.intervals import Interval, count_interval


class GateCounts(NamedTuple):
    """Counts of one cell's questions; one that served several trials of the cell's pictures counts in each."""

    cell: str
    ask_below: float
    questions: int
    """Previews that the gate was shown."""
    answered: int
    """Those that it answered; the VLM was asked about the others."""
    audited: int
    """Those that it was sure of and the VLM was asked about all the same."""
    disagreed: int
    """Of these: the VLM named other terms."""
    overlooked: int
    """Of these: it named a term that the gate did not."""
    missed: Interval
    """The share of sure answers that are not the VLM's, by the audit; prompts are the clusters."""

    @property
    def saved(self) -> float:
        """Share of questions that the VLM was not asked, in [0, 1]; NaN without any."""
        return self.answered / self.questions if self.questions else float("nan")

    @property
    def noticed(self) -> bool:
        """Whether the audit rules out that the gate is as often right as its threshold asks for."""
        return self.missed.low > 1 - self.ask_below


def gate_counts(lake: str | Path, run_id: str, *, threads: int | None = None) -> list[GateCounts]:
    """Of each cell with a gate, in the order of their names; none in a run without one. A failed trial's questions count, too.

    Raises:
        FileNotFoundError, ValueError: as `safesweep.lake.reader.run_files`.
    """
    files = run_files(lake, run_id).complete
    if not files:
        return []
    gated = f"(SELECT * FROM {source(files)} WHERE repeat_of IS NULL AND json_extract(cell_json, '$.guidance.gate') IS NOT NULL)"
    with connection(threads, MEMORY_LIMIT) as opened:
        columns = {
            name for (name,) in opened.execute(f"SELECT column_name FROM (DESCRIBE FROM {source(files)})").fetchall()
        }
        if not {"repeat_of", "cell_json"} <= columns or not opened.execute(f"SELECT 1 FROM {gated} LIMIT 1").fetchall():
            return []  # lakes of before have neither gates nor what is asked of them below
        rows = opened.execute(
            f"""
            SELECT cell, json_extract(cell_json, '$.guidance.ask_below')::DOUBLE, prompt_hash, count(*),
                   count(*) FILTER (x.answered_by = 'gate'), count(*) FILTER (x.audited),
                   count(*) FILTER (x.audited AND x.terms <> x.gate_terms),
                   count(*) FILTER (x.audited AND NOT list_has_all(x.gate_terms, x.terms))
            FROM (SELECT cell, cell_json, prompt_hash, unnest(exchanges) AS x FROM {gated})
            WHERE x.gate_terms IS NOT NULL GROUP BY ALL ORDER BY ALL"""
        ).fetchall()
    found: dict[tuple[str, float], list[tuple[int, ...]]] = {}
    for cell, ask_below, _, *counts in rows:
        found.setdefault((cell, ask_below), []).append(tuple(counts))
    return [_counts(*key, np.array(prompts)) for key, prompts in found.items()]


def _counts(cell: str, ask_below: float, prompts: "np.ndarray[tuple[int, int], np.dtype[np.int64]]") -> GateCounts:
    questions, answered, audited, disagreed, overlooked = (int(total) for total in prompts.sum(axis=0))
    missed = count_interval(prompts[:, 3], prompts[:, 2])
    return GateCounts(cell, ask_below, questions, answered, audited, disagreed, overlooked, missed)
