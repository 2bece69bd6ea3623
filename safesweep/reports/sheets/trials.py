"""What a contact sheet shows, read from the lake: of each method one cell, and its trials of the chosen prompts."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import duckdb

from safesweep.lake.reader import read_whole_trials, source
from safesweep.lake.status import MADE
from safesweep.measures.profiles import Outcome, Profile
from safesweep.reports.choosing import Column
from safesweep.reports.veil import is_known_benign, is_own_drawing, named_columns

_IDS = ("method", "prompt", "prompt_hash", "seed", "sample_index")
_READ = [*_IDS, "benign", "models", "status", "error", "picture", "exchanges", "evidence"]


class Step(NamedTuple):
    """One exchange, as it is shown."""

    preview: bytes | None
    terms: tuple[str, ...]
    """What the VLM named; empty when it saw nothing."""


@dataclass(frozen=True)
class ShownTrial:
    """One trial, as it is shown."""

    prompt: str
    prompt_hash: str
    outcome: Outcome
    error: str | None
    """Why there is no picture; None when it was made."""
    picture: bytes | None
    steps: dict[int, Step]
    own: bool = False
    """A drawing of the miniature."""
    benign: bool = False
    """Known to be benign, by `veil`."""

    def hidden(self, blur: bool) -> bool:
        """Whether its prompt is: all but the miniature's are, and these too where `blur` is asked for."""
        return blur or not self.own

    def blurred(self, blur: bool) -> bool:
        """Whether its picture and all of its previews are: what is hidden and not known to be benign."""
        return self.hidden(blur) and not self.benign


def choose_cells(opened: duckdb.DuckDBPyConnection, trials: str) -> dict[str, tuple[str, int]]:
    """Make the table `cells`. Method -> (its cell of the largest negative_scale, the number of its cells)."""
    rows = opened.execute(
        f"SELECT method, cell, max(negative_scale), count(*) FROM {trials} GROUP BY method, cell"
    ).fetchall()
    # Among equals the one with most trials, then the first by name.
    rows.sort(key=lambda row: (row[0], math.inf if row[2] is None or math.isnan(row[2]) else -row[2], -row[3], row[1]))
    cells: dict[str, tuple[str, int]] = {}
    for method, cell, _, _ in rows:
        best, count = cells.get(method, (cell, 0))
        cells[method] = (best, count + 1)
    opened.execute("CREATE TEMP TABLE cells (method VARCHAR, cell VARCHAR)")
    for method, (cell, _) in cells.items():
        opened.execute("INSERT INTO cells VALUES (?, ?)", [method, cell])
    return cells


def read_trials(
    opened: duckdb.DuckDBPyConnection, files: Sequence[Path], rule: Profile
) -> dict[str, dict[Column, ShownTrial]]:
    """Method -> column -> its trial."""
    shown = f"""SELECT min(trial_id) FROM {source(files)} SEMI JOIN cells USING (method, cell)
                JOIN columns USING (prompt_hash, seed, sample_index) GROUP BY method, prompt_hash, seed, sample_index"""
    trials: dict[str, dict[Column, ShownTrial]] = {}
    named = named_columns(opened, source(files), rule)
    for row in read_whole_trials(opened, files, shown, _READ):
        column = Column(row["prompt_hash"], row["seed"], row["sample_index"])
        trials.setdefault(row["method"], {})[column] = ShownTrial(
            prompt=row["prompt"] or "",
            prompt_hash=row["prompt_hash"],
            outcome=rule.judge(row["evidence"], row["status"]).outcome,
            error=None if row["status"] == MADE else row["error"] or row["status"] or "failed without a word",
            picture=row["picture"],
            steps={x["step"]: Step(x["preview"], tuple(x["terms"] or ())) for x in row["exchanges"] or ()},
            own=is_own_drawing(row),
            benign=column not in named and is_known_benign(row, rule),
        )
    return trials
