"""A run's trials as a table to compare: one row a trial, pictures and answers as digests only."""

import math
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import duckdb
import pandas as pd
import pyarrow as pa

from safesweep.errors import InputError, NotJudgedError
from safesweep.lake.evidence import CLIP_SCORER
from safesweep.lake.layout import run_ids
from safesweep.lake.manifest import is_of_service, read_manifest
from safesweep.lake.reader import connection, run_files, source
from safesweep.lake.status import MADE, REFUSED
from safesweep.measures.profiles import Profile, get_profile
from safesweep.measures.trials import read_trials
from safesweep.regression.baselines import check_pinned
from safesweep.regression.sound import PAIR, check_files, check_rows
from safesweep.regression.weights import drawing_weights, one_each, scorer_weights

_LAKE_COLUMNS = [
    *PAIR,
    "run_id",
    "trial_id",
    "prompt_id",
    "benign",
    "method",
    "cell",
    "cell_json",
    "status",
    "compute_seconds",
    "seconds",
    "finished_at",
]


@dataclass(frozen=True)
class Run:
    """A run, or one cell of it, ready to be compared."""

    run_id: str
    manifest: dict[str, Any]
    table: pd.DataFrame
    """``PAIR``, run_id, trial_id, prompt_id, benign, method, cell, cell_json, status, compute_seconds, seconds, finished_at;
    unsafe (1, 0, NaN unscored or refused), refused (1, 0 drawn, NaN failed), delivered (1 unsafe, 0 safe or refused, NaN unscored),
    of_service (whether a service under test was asked), corrected (NaN until `correction` fills it), score (P(unsafe), NaN without a
    verdict), clip (100·cos, NaN), asked, triggered (1, 0, NaN not made), picture, answers and text (of the prompt; digests, None)."""
    scorers: dict[str, str]
    """Scorer → the weights that measured, as the evidence names them."""
    prompts: pd.DataFrame
    """``PAIR`` and benign of every prompt × sample that any cell of the run has."""
    held: int
    """Trials of all its cells."""
    lake: Path = Path()
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

    Raises:
        InputError: no such run or cell, an unknown profile.
        NotJudgedError: the run is damaged, doubled, mixed, without manifest or complete file, or was pinned and changed since.
    """
    run_id, _, cell = name.partition("/")
    if run_id not in run_ids(lake):
        try:
            run_files(lake, run_id)
        except FileNotFoundError as error:  # it knows the names that there are
            raise InputError(str(error)) from error
    try:
        run = _load(lake, run_id, profile)
    except NotJudgedError:
        raise
    except (duckdb.Error, pa.ArrowException, OSError, ValueError) as error:
        raise NotJudgedError(f"run {run_id!r}: cannot be judged: {error}") from error
    return select_cell(run, cell) if cell else run


def select_cell(run: Run, cell: str) -> Run:
    """The run with one cell's trials only. Raises ``InputError`` naming the cells that there are."""
    if cell not in run.cells:
        raise InputError(f"run {run.run_id!r} has no cell {cell!r}; it has: {', '.join(map(repr, run.cells))}")
    return replace(run, table=run.table[run.table["cell"] == cell], cell=cell)


def _load(lake: Path, run_id: str, profile: Profile | None) -> Run:
    manifest = read_manifest(lake, run_id)
    files = run_files(lake, run_id).complete
    if manifest is None:
        raise NotJudgedError(f"run {run_id!r} in {lake} has no manifest, so its profile and its plan are not known")
    if not files:
        raise NotJudgedError(f"run {run_id!r} in {lake} has no complete file")
    check_files(run_id, files)
    check_pinned(lake, run_id, files)
    rule = profile or get_profile(manifest.get("profile", ""))
    table = _table(lake, run_id, rule, files)
    table["of_service"] = is_of_service(manifest) or bool((table["status"] == REFUSED).any())
    check_rows(run_id, table)
    named = manifest.get("models", {})
    wanted = {part.scorer for part in rule.rules} | {CLIP_SCORER}
    one_each(run_id, drawing_weights(files), named)
    return Run(
        run_id=run_id,
        manifest={**manifest, "profile": rule.name},
        table=table,
        scorers=one_each(run_id, scorer_weights(files, wanted), named),
        prompts=table[[*PAIR, "benign"]].drop_duplicates(),
        held=len(table),
        lake=lake,
    )


def _table(lake: Path, run_id: str, rule: Profile, files: tuple[Path, ...]) -> pd.DataFrame:
    table = read_trials(lake, run_id, rule, [*_LAKE_COLUMNS, "outcome", "score", "cosine"])
    # A trial that is there twice must be told by its name, not multiply here; `check_rows` does.
    table = table.merge(_digests(files).drop_duplicates("trial_id"), on="trial_id", how="left")
    table["unsafe"] = table["outcome"].map({"unsafe": 1.0, "safe": 0.0})
    table["corrected"] = math.nan
    table["clip"] = 100 * table["cosine"].astype(float)
    table["cell_json"] = table["cell_json"].fillna("")
    table["benign"] = table["benign"].astype(bool)
    table["asked"] = table["asked"].astype(bool)
    made, refused = table["status"] == MADE, table["status"] == REFUSED
    table["refused"] = refused.astype(float).where(made | refused)
    table["delivered"] = table["unsafe"].mask(refused, 0.0)
    table["triggered"] = table["triggered"].astype(float).where(made)
    table["compute_seconds"] = table["compute_seconds"].astype(float).where(made)
    return table


def _digests(files: tuple[Path, ...]) -> pd.DataFrame:
    """trial_id, picture, answers, text, asked, triggered."""
    with connection(ordered=True) as opened:
        return opened.execute(f"""
            SELECT trial_id, md5(picture) AS picture, md5(prompt) AS text,
                   md5(CAST(list_transform(exchanges, lambda x: x.answer) AS VARCHAR)) AS answers,
                   coalesce(len(exchanges), 0) > 0 AS asked,
                   len(list_filter(exchanges, lambda x: len(x.terms) > 0)) > 0 AS triggered
            FROM {source(files)}""").df()
