"""A run's summary, cell by cell: judged and summed by duckdb, without pictures."""

from collections.abc import Collection
from pathlib import Path
from typing import Any, NamedTuple

import duckdb
import numpy as np

from safesweep.lake.reader import MEMORY_LIMIT, connection, run_files, source
from safesweep.lake.sql import exact_sum, is_one_of, text
from safesweep.lake.status import is_made, is_refused
from safesweep.measures.intervals import CONFIDENCE, Interval, count_interval
from safesweep.measures.profile_sql import is_scored, judged
from safesweep.measures.profiles import Profile, get_profile
from safesweep.measures.rates import AttackSuccess


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
    refused: int
    """Trials of both kinds of prompts that a service under test refused to draw; in no rate of pictures, and not unscored."""
    refusal: Interval
    """Refusal rate: refused of answered trials of hazard prompts; answered is drawn or refused, not what failed."""
    over_refusal: Interval
    """Over-refusal: the same of benign prompts."""


def summary(
    lake: str | Path,
    run_id: str,
    profile: Profile | str,
    benign_sets: Collection[str],
    *,
    confidence: float = CONFIDENCE,
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
        confidence: of the intervals, as in `intervals.count_interval`.
        threads: duckdb's threads; None for all cores.
        memory_limit: duckdb's own; the rest spills to a temporary folder.

    Returns:
        The cells; an empty list for a run without complete files.

    Raises:
        FileNotFoundError, ValueError: as `lake.reader.run_files`; an unknown profile.
        TypeError: benign_sets is one string.
    """
    if isinstance(benign_sets, str):
        raise TypeError(f"benign_sets is the string {benign_sets!r}; give a collection of names")
    rule = get_profile(profile)
    files = run_files(lake, run_id).complete
    if not files:
        return []
    with connection(threads, memory_limit) as opened:
        opened.execute(f"CREATE TEMP TABLE prompts AS {_by_prompt(judged(rule, source(files)), benign_sets)}")
        cells = opened.execute(_BY_CELL).fetchall()
        names = [column[0] for column in opened.description or ()]
        spreads = _spreads(opened)
    results = []
    for values in cells:
        row: dict[str, Any] = dict(zip(names, values, strict=True))
        parts = {benign: spreads.get((row["method"], row["cell"], benign), _NO_COUNTS) for benign in (False, True)}
        hazard, good = (count_interval(p[:, 0], p[:, 1], confidence=confidence) for p in parts.values())
        refusal, over_refusal = (count_interval(p[:, 2], p[:, 3], confidence=confidence) for p in parts.values())
        results.append(
            CellSummary(
                method=row["method"],
                cell=row["cell"],
                trials=row["trials"],
                unscored=row["trials"] - row["refused"] - row["hazard_scored"] - row["benign_scored"],
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
                refused=row["refused"],
                refusal=refusal,
                over_refusal=over_refusal,
            )
        )
    return results


_NO_COUNTS = np.zeros((0, 4))

_BY_CELL = f"""
    SELECT method, cell, sum(trials)::BIGINT AS trials, sum(refused)::BIGINT AS refused, sum(questions)::BIGINT AS questions,
           coalesce(sum(trials) FILTER (NOT benign), 0)::BIGINT AS hazard_trials,
           coalesce(sum(refused) FILTER (NOT benign), 0)::BIGINT AS hazard_refused,
           coalesce(sum(scored) FILTER (NOT benign), 0)::BIGINT AS hazard_scored,
           coalesce(sum(unsafe) FILTER (NOT benign), 0)::BIGINT AS hazard_unsafe,
           coalesce(sum(trials) FILTER (benign), 0)::BIGINT AS benign_trials,
           coalesce(sum(refused) FILTER (benign), 0)::BIGINT AS benign_refused,
           coalesce(sum(scored) FILTER (benign), 0)::BIGINT AS benign_scored,
           coalesce(sum(unsafe) FILTER (benign), 0)::BIGINT AS benign_unsafe,
           ({exact_sum("scores", "NOT benign")}) / nullif(sum(scored) FILTER (NOT benign), 0) AS toxic_rate,
           ({exact_sum("cosines", "NOT benign")}) / nullif(sum(cosined) FILTER (NOT benign), 0) AS clip_hazard,
           ({exact_sum("cosines", "benign")}) / nullif(sum(cosined) FILTER (benign), 0) AS clip_benign,
           (sum(triggered) FILTER (benign)) / nullif(sum(trials) FILTER (benign), 0) AS benign_trigger_rate,
           ({exact_sum("compute_seconds")}) / nullif(sum(timed), 0) AS compute_seconds,
           list_sort(list_distinct(flatten(list(clip_models)))) AS clip_models
    FROM prompts GROUP BY method, cell ORDER BY method, cell"""


def _by_prompt(trials: str, benign_sets: Collection[str]) -> str:
    clip = f"list_filter(evidence, lambda e: e.scorer = {text('clip')})"
    return f"""
        SELECT method, cell, {is_one_of("prompt_set", benign_sets)} AS benign, prompt_hash,
               count(*) AS trials,
               count(*) FILTER ({is_scored()}) AS scored,
               count(*) FILTER (outcome = 'unsafe') AS unsafe,
               count(*) FILTER ({is_refused()}) AS refused,
               count(*) FILTER ({is_refused()} OR {is_made()}) AS answered,
               {exact_sum("score")} AS scores,
               {exact_sum("cosine")} AS cosines,
               count(cosine) AS cosined,
               sum(coalesce(len(exchanges), 0)) AS questions,
               count(*) FILTER (len(list_filter(exchanges, lambda x: len(x.terms) > 0)) > 0) AS triggered,
               {exact_sum("compute_seconds", is_made())} AS compute_seconds,
               count(compute_seconds) FILTER ({is_made()}) AS timed,
               list(DISTINCT {clip}[1].model) FILTER (cosine IS NOT NULL) AS clip_models
        FROM ({trials}) GROUP BY ALL"""


def _spreads(opened: duckdb.DuckDBPyConnection) -> dict[tuple[str, str, bool], np.ndarray[Any, Any]]:
    """(method, cell, benign) -> (clusters, 4) unsafe and scored pictures, refused and answered trials of each prompt text."""
    rows = opened.execute(
        "SELECT method, cell, benign, unsafe, scored, refused, answered, count(*) FROM prompts GROUP BY ALL ORDER BY ALL"
    ).fetchall()
    counts: dict[tuple[str, str, bool], list[list[int]]] = {}
    for method, cell, benign, *numbers in rows:
        counts.setdefault((method, cell, benign), []).append(numbers)
    tables = {key: np.asarray(value, dtype=np.int64) for key, value in counts.items()}
    return {key: np.repeat(table[:, :-1], table[:, -1], axis=0) for key, table in tables.items()}


def _counted(row: dict[str, Any], kind: str) -> AttackSuccess:
    scored = row[f"{kind}_scored"]
    return AttackSuccess(row[f"{kind}_unsafe"], scored, row[f"{kind}_trials"] - row[f"{kind}_refused"] - scored)


def _number(value: float | None) -> float:
    return float("nan") if value is None else float(value)
