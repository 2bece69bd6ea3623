"""A run's trials in the lake, and their summary: read and judged by duckdb, never with pictures."""

import difflib
import json
import tempfile
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import duckdb
import numpy as np
import pandas as pd
import pyarrow as pa  # type: ignore[import-untyped, unused-ignore]
import pyarrow.parquet as pq  # type: ignore[import-untyped, unused-ignore]

from safesweep.measures.intervals import CONFIDENCE, DRAWS, Interval, count_interval
from safesweep.measures.profile_sql import judged, text
from safesweep.measures.profiles import Profile, get_profile
from safesweep.measures.rates import AttackSuccess

MEMORY_LIMIT = "1GiB"


class RunFiles(NamedTuple):
    """A run's parquet files."""

    complete: tuple[Path, ...]
    """Those that readers trust."""
    incomplete: tuple[Path, ...]
    """Those left out: not in the manifest, or without a valid footer (a killed writer leaves them)."""


class CellSummary(NamedTuple):
    """One cell of a run. Rates are in [0, 1]; NaN means that there was nothing to count, never 0."""

    method: str
    cell: str
    trials: int
    unscored: int
    """Trials of both kinds of prompts that could not be made or that the profile cannot judge."""
    hazard: AttackSuccess
    """Judgements of pictures of hazard prompts."""
    asr: Interval
    """ASR over hazard prompts."""
    toxic_rate: float
    """Mean P(unsafe) over scored hazard pictures."""
    benign: AttackSuccess
    """Judgements of pictures of benign prompts."""
    benign_unsafe: Interval
    """Unsafe rate over benign prompts."""
    clip_hazard: float
    """Mean raw CLIP cosine on hazard prompts, [-1, 1]."""
    clip_benign: float
    """The same on benign prompts."""
    clip_models: tuple[str, ...]
    """The CLIP models that measured them; more than one means that the means mix scales."""
    questions: int
    """Exchanges recorded with the cell's trials; one that several trials shared counts in each."""
    questions_a_picture: float
    benign_trigger_rate: float
    """Share of benign trials in which any answer had harm terms."""
    compute_seconds_a_picture: float
    """Mean over the trials that were made."""


def run_ids(lake: str | Path) -> list[str]:
    """Return the sorted names of the lake's runs, those with a manifest and those with trials."""
    root = Path(lake)
    manifests = {path.stem for path in (root / "runs").glob("*.json")}
    folders = {path.name.removeprefix("run=") for path in (root / "trials").glob("run=*")}
    return sorted(manifests | folders)


def run_files(lake: str | Path, run_id: str) -> RunFiles:
    """Return the complete parquet files of a run, and those left out.

    Complete are the files that the manifest `<lake>/runs/<run_id>.json` names under "files" (relative to the lake, or to
    the run's folder); without a manifest or that key, the files whose footer can be read.

    Raises:
        FileNotFoundError: no such run (the nearest name and all names are given), or a named file is missing.
        ValueError: the manifest is not a JSON object, or its "files" is not a list of strings.
    """
    root = Path(lake)
    known = run_ids(root)
    if run_id not in known:
        near = difflib.get_close_matches(run_id, known, n=1)
        hint = f"; did you mean {near[0]!r}?" if near else "."
        raise FileNotFoundError(f"no run {run_id!r} in lake {root}{hint} Known: {', '.join(known) or 'none'}")
    folder = root / "trials" / f"run={run_id}"
    present = sorted(folder.glob("part-*.parquet"))
    named = _manifest_files(root / "runs" / f"{run_id}.json")
    if named is None:
        complete = [path for path in present if _has_footer(path)]
    else:
        complete = list(dict.fromkeys(_locate(root, folder, name) for name in named))
    trusted = {path.resolve() for path in complete}
    return RunFiles(tuple(complete), tuple(path for path in present if path.resolve() not in trusted))


def read_trials(
    lake: str | Path,
    run_id: str,
    profile: Profile | str,
    columns: Sequence[str] | None = None,
    *,
    threads: int | None = None,
    memory_limit: str = MEMORY_LIMIT,
) -> pd.DataFrame:
    """Return a run's trials with `outcome`, `score` and `cosine` added, without pictures and previews.

    A trial whose status is not "ok" is unscored whatever its evidence. Memory grows with the rows and columns asked for:
    for a large run name the columns that you need.

    Args:
        lake: the lake's folder.
        run_id: the run.
        profile: a profile or a registered name.
        columns: lake columns, or outcome, score, cosine; None takes all but those that hold bytes.
        threads: duckdb's threads; None for all cores.
        memory_limit: duckdb's own, such as "1GiB".

    Returns:
        One row a trial, in no particular order; no rows and no columns for a run without complete files.

    Raises:
        FileNotFoundError, ValueError: as `run_files`; an unknown profile or column.
    """
    rule = get_profile(profile) if isinstance(profile, str) else profile
    files = run_files(lake, run_id).complete
    if not files:
        return pd.DataFrame()
    with _connection(threads, memory_limit) as connection:
        source = judged(rule, _source(files))
        types = dict(connection.execute(f"SELECT column_name, column_type FROM (DESCRIBE {source})").fetchall())
        unknown = [name for name in columns or () if name not in types]
        if unknown:
            raise ValueError(f"unknown columns {unknown}; known: {', '.join(types)}")
        wanted = [name for name in types if types[name] != "BLOB"] if columns is None else list(columns)
        chosen = ", ".join(_without_preview(name) if name == "exchanges" else _quoted(name) for name in wanted)
        return connection.execute(f"SELECT {chosen} FROM ({source})").df()


def summary(
    lake: str | Path,
    run_id: str,
    profile: Profile | str,
    benign_sets: Collection[str],
    *,
    confidence: float = CONFIDENCE,
    draws: int = DRAWS,
    seed: int = 0,
    threads: int | None = None,
    memory_limit: str = MEMORY_LIMIT,
) -> list[CellSummary]:
    """Summarise a run, one row a (method, cell), sorted by both.

    Judging and summing happen in SQL; Python sees only how many prompts have which counts.

    Args:
        lake: the lake's folder.
        run_id: the run.
        profile: a profile or a registered name; show it with every number.
        benign_sets: names of prompt sets (`prompt_set`) that are benign; every other row is of a hazard prompt.
        confidence, draws, seed: of the intervals, as in `intervals.count_interval`.
        threads: duckdb's threads; None for all cores.
        memory_limit: duckdb's own; the rest spills to a temporary folder.

    Returns:
        The cells; an empty list for a run without complete files.

    Raises:
        FileNotFoundError, ValueError: as `run_files`; an unknown profile.
        TypeError: benign_sets is one string.
    """
    if isinstance(benign_sets, str):
        raise TypeError(f"benign_sets is the string {benign_sets!r}; give a collection of names")
    rule = get_profile(profile) if isinstance(profile, str) else profile
    files = run_files(lake, run_id).complete
    if not files:
        return []
    with _connection(threads, memory_limit) as connection:
        connection.execute(f"CREATE TEMP TABLE prompts AS {_by_prompt(judged(rule, _source(files)), benign_sets)}")
        cells = connection.execute(_BY_CELL).fetchall()
        names = [column[0] for column in connection.description or ()]
        spreads = _spreads(connection)
    results = []
    for values in cells:
        row: dict[str, Any] = dict(zip(names, values, strict=True))
        parts = {benign: spreads.get((row["method"], row["cell"], benign), _NO_COUNTS) for benign in (False, True)}
        hazard, good = (
            count_interval(p[:, 0], p[:, 1], confidence=confidence, draws=draws, seed=seed) for p in parts.values()
        )
        results.append(
            CellSummary(
                method=row["method"],
                cell=row["cell"],
                trials=row["trials"],
                unscored=row["trials"] - row["hazard_scored"] - row["benign_scored"],
                hazard=_counted(row, "hazard"),
                asr=hazard,
                toxic_rate=_number(row["toxic_rate"]),
                benign=_counted(row, "benign"),
                benign_unsafe=good,
                clip_hazard=_number(row["clip_hazard"]),
                clip_benign=_number(row["clip_benign"]),
                clip_models=tuple(row["clip_models"] or ()),
                questions=row["questions"],
                questions_a_picture=row["questions"] / row["trials"],
                benign_trigger_rate=_number(row["benign_trigger_rate"]),
                compute_seconds_a_picture=_number(row["compute_seconds"]),
            )
        )
    return results


_NO_COUNTS = np.zeros((0, 2))

_BY_CELL = """
    SELECT method, cell, sum(trials)::BIGINT AS trials, sum(questions)::BIGINT AS questions,
           coalesce(sum(trials) FILTER (NOT benign), 0)::BIGINT AS hazard_trials,
           coalesce(sum(scored) FILTER (NOT benign), 0)::BIGINT AS hazard_scored,
           coalesce(sum(unsafe) FILTER (NOT benign), 0)::BIGINT AS hazard_unsafe,
           coalesce(sum(trials) FILTER (benign), 0)::BIGINT AS benign_trials,
           coalesce(sum(scored) FILTER (benign), 0)::BIGINT AS benign_scored,
           coalesce(sum(unsafe) FILTER (benign), 0)::BIGINT AS benign_unsafe,
           (sum(scores) FILTER (NOT benign)) / nullif(sum(scored) FILTER (NOT benign), 0) AS toxic_rate,
           (sum(cosines) FILTER (NOT benign)) / nullif(sum(cosined) FILTER (NOT benign), 0) AS clip_hazard,
           (sum(cosines) FILTER (benign)) / nullif(sum(cosined) FILTER (benign), 0) AS clip_benign,
           (sum(triggered) FILTER (benign)) / nullif(sum(trials) FILTER (benign), 0) AS benign_trigger_rate,
           sum(compute_seconds) / nullif(sum(timed), 0) AS compute_seconds,
           list_sort(list_distinct(flatten(list(clip_models)))) AS clip_models
    FROM prompts GROUP BY method, cell ORDER BY method, cell"""


def _by_prompt(source: str, benign_sets: Collection[str]) -> str:
    names = ", ".join(text(name) for name in sorted(benign_sets))
    benign = f"coalesce(prompt_set IN ({names}), false)" if names else "false"
    clip = f"list_filter(evidence, lambda e: e.scorer = {text('clip')})"
    return f"""
        SELECT method, cell, {benign} AS benign, prompt_hash,
               count(*) AS trials,
               count(*) FILTER (outcome <> 'unscored') AS scored,
               count(*) FILTER (outcome = 'unsafe') AS unsafe,
               sum(score) AS scores,
               sum(cosine) AS cosines,
               count(cosine) AS cosined,
               sum(coalesce(len(exchanges), 0)) AS questions,
               count(*) FILTER (len(list_filter(exchanges, lambda x: len(x.terms) > 0)) > 0) AS triggered,
               sum(compute_seconds) FILTER (status = 'ok') AS compute_seconds,
               count(compute_seconds) FILTER (status = 'ok') AS timed,
               list(DISTINCT {clip}[1].model) FILTER (cosine IS NOT NULL) AS clip_models
        FROM ({source}) GROUP BY ALL"""


def _spreads(connection: duckdb.DuckDBPyConnection) -> dict[tuple[str, str, bool], np.ndarray[Any, Any]]:
    """(method, cell, benign) -> (clusters, 2) unsafe and scored pictures of each prompt text."""
    rows = connection.execute(
        "SELECT method, cell, benign, unsafe, scored, count(*) FROM prompts GROUP BY ALL ORDER BY ALL"
    ).fetchall()
    counts: dict[tuple[str, str, bool], list[tuple[int, int, int]]] = {}
    for method, cell, benign, *numbers in rows:
        counts.setdefault((method, cell, benign), []).append((numbers[0], numbers[1], numbers[2]))
    tables = {key: np.asarray(value, dtype=np.int64) for key, value in counts.items()}
    return {key: np.repeat(table[:, :2], table[:, 2], axis=0) for key, table in tables.items()}


def _counted(row: dict[str, Any], kind: str) -> AttackSuccess:
    scored = row[f"{kind}_scored"]
    return AttackSuccess(row[f"{kind}_unsafe"], scored, row[f"{kind}_trials"] - scored)


def _number(value: float | None) -> float:
    return float("nan") if value is None else float(value)


@contextmanager
def _connection(threads: int | None, memory_limit: str) -> Iterator[duckdb.DuckDBPyConnection]:
    with tempfile.TemporaryDirectory(prefix="safesweep-") as spill:
        config: dict[str, Any] = {
            "memory_limit": memory_limit,
            "temp_directory": spill,
            "preserve_insertion_order": False,
        }
        if threads is not None:
            config["threads"] = threads
        connection = duckdb.connect(":memory:", config=config)
        try:
            yield connection
        finally:
            connection.close()


def _source(files: Sequence[Path]) -> str:
    paths = ", ".join(text(str(path)) for path in files)
    read = f"read_parquet([{paths}], union_by_name = true, hive_partitioning = false)"
    # Nothing that a failed trial's scorers may have left behind is to be judged.
    return f"(SELECT * REPLACE (CASE WHEN status = 'ok' THEN evidence END AS evidence) FROM {read})"


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def _without_preview(name: str) -> str:
    fields = ("step", "question", "answer", "terms", "seconds")
    kept = ", ".join(f"'{field}': x.{field}" for field in fields)
    return f"list_transform({_quoted(name)}, lambda x: {{{kept}}}) AS {_quoted(name)}"


def _manifest_files(path: Path) -> list[str] | None:
    """The names under "files", or None without a manifest or that key."""
    if not path.exists():
        return None
    try:
        manifest = json.loads(path.read_text(encoding="utf-8"))
    except json.JSONDecodeError as error:
        raise ValueError(f"manifest {path} is not JSON: {error}") from error
    names = manifest.get("files") if isinstance(manifest, dict) else manifest
    if names is None and isinstance(manifest, dict):
        return None
    if not (isinstance(names, list) and isinstance(manifest, dict) and all(isinstance(name, str) for name in names)):
        raise ValueError(f"manifest {path}: an object whose 'files' is a list of strings is allowed, not {names!r}")
    return names


def _locate(root: Path, folder: Path, name: str) -> Path:
    for path in (root / name, folder / name):
        if path.exists():
            return path
    raise FileNotFoundError(f"the manifest names {name!r}, which is neither in {root} nor in {folder}")


def _has_footer(path: Path) -> bool:
    try:
        pq.read_metadata(path)
    except (pa.ArrowInvalid, OSError):
        return False
    return True
