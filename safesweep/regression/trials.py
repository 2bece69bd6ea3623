"""A run's trials as a table to compare: one row a trial, pictures and answers as digests only."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from safesweep.errors import InputError
from safesweep.lake.evidence import CLIP_SCORER
from safesweep.lake.manifest import Manifest, read_manifest
from safesweep.lake.reader import connection, run_files, source
from safesweep.measures.profiles import Profile, get_profile
from safesweep.measures.trials import read_trials

PAIR = ["prompt_set", "prompt_row", "prompt_hash", "sample_index", "seed", "width", "height"]
"""Columns that name a prompt × sample × seed: two cells' trials with equal values are a pair."""
_LAKE_COLUMNS = [
    *PAIR,
    "trial_id",
    "prompt_id",
    "benign",
    "source_sha256",
    "method",
    "cell",
    "cell_json",
    "status",
    "compute_seconds",
]


@dataclass(frozen=True)
class Run:
    """A run, or one cell of it, ready to be compared."""

    run_id: str
    manifest: dict[str, Any]
    table: pd.DataFrame
    """``PAIR``, trial_id, prompt_id, benign, source_sha256, method, cell, cell_json, status, compute_seconds; unsafe (1, 0, NaN unscored),
    score (P(unsafe), NaN unscored), clip (100·cos, NaN), asked, triggered (1, 0, NaN not made), picture and answers (digests, None)."""
    scorers: dict[str, str]
    """Scorer -> the models that it names in the evidence, with their digests where the manifest has them."""
    cell: str | None = None
    """The one cell that is meant, or None for all."""

    @property
    def name(self) -> str:
        """As a user writes it: RUN or RUN/CELL."""
        return self.run_id if self.cell is None else f"{self.run_id}/{self.cell}"

    @property
    def cells(self) -> dict[str, str]:
        """Cell -> method, in the order of the names."""
        pairs = self.table[["cell", "method"]].drop_duplicates().sort_values("cell")
        return dict(zip(pairs["cell"], pairs["method"], strict=True))


def select_profile(name: str | None) -> Profile | None:
    """The profile of this name; None for None. Raises ``InputError``."""
    return None if name is None else get_profile(name)


def load_run(lake: Path, name: str, profile: Profile | None = None) -> Run:
    """Reads RUN or RUN/CELL. ``profile``: by default the one that the manifest names.

    Raises ``InputError``: no such run or cell, no manifest, no complete file, an unknown profile.
    """
    run_id, _, cell = name.partition("/")
    manifest = read_manifest(lake, run_id)
    try:
        files = run_files(lake, run_id).complete
    except (FileNotFoundError, ValueError) as error:
        raise InputError(str(error)) from error
    if manifest is None:
        raise InputError(f"run {run_id!r} in {lake} has no manifest, so its profile and its plan are not known")
    if not files:
        raise InputError(f"run {run_id!r} in {lake} has no complete file")
    try:
        rule = profile or get_profile(manifest["profile"])
    except ValueError as error:
        raise InputError(f"run {run_id!r}: {error}") from error
    table = read_trials(lake, run_id, rule, [*_LAKE_COLUMNS, "outcome", "score", "cosine"])
    table = table.merge(_digests(files), on="trial_id", how="left", validate="one_to_one")
    table["unsafe"] = table["outcome"].map({"unsafe": 1.0, "safe": 0.0})
    table["clip"] = 100 * table["cosine"].astype(float)
    table["benign"] = table["benign"].astype(bool)
    table["asked"] = table["asked"].astype(bool)
    made = table["status"] == "ok"
    table["triggered"] = table["triggered"].astype(float).where(made)
    table["compute_seconds"] = table["compute_seconds"].astype(float).where(made)
    wanted = {part.scorer for part in rule.rules} | {CLIP_SCORER}
    run = Run(run_id, {**manifest, "profile": rule.name}, table, _scorers(files, manifest, wanted))
    return select_cell(run, cell) if cell else run


def select_cell(run: Run, cell: str) -> Run:
    """The run with one cell's trials only. Raises ``InputError`` naming the cells that there are."""
    if cell not in run.cells:
        raise InputError(f"run {run.run_id!r} has no cell {cell!r}; it has: {', '.join(map(repr, run.cells))}")
    return Run(run.run_id, run.manifest, run.table[run.table["cell"] == cell], run.scorers, cell)


def _digests(files: tuple[Path, ...]) -> pd.DataFrame:
    """trial_id, picture, answers, asked, triggered."""
    with connection(ordered=True) as opened:
        return opened.execute(f"""
            SELECT trial_id, md5(picture) AS picture,
                   md5(CAST(list_transform(exchanges, lambda x: x.answer) AS VARCHAR)) AS answers,
                   coalesce(len(exchanges), 0) > 0 AS asked,
                   len(list_filter(exchanges, lambda x: len(x.terms) > 0)) > 0 AS triggered
            FROM {source(files)}""").df()


def _scorers(files: tuple[Path, ...], manifest: Manifest, wanted: set[str]) -> dict[str, str]:
    with connection() as opened:
        rows = opened.execute(f"""
            SELECT e.scorer, string_agg(DISTINCT e.model, ', ' ORDER BY e.model)
            FROM (SELECT unnest(evidence) AS e FROM {source(files)}) GROUP BY ALL ORDER BY ALL""").fetchall()
    models = manifest.get("models", {})
    return {scorer: str(models.get(scorer, model)) for scorer, model in rows if scorer in wanted}
