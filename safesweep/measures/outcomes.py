"""A run's judgements trial by trial in a narrow table, and what its VLM answered step by step: what reports are made from."""

from collections.abc import Collection, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
import pyarrow as pa

from safesweep.lake.labels import read_labels
from safesweep.lake.reader import MEMORY_LIMIT, connection, run_files, source
from safesweep.lake.sql import is_one_of
from safesweep.lake.status import is_made, is_refused
from safesweep.measures.calibration.truth import truths
from safesweep.measures.profile_sql import judged_by_all
from safesweep.measures.profiles import PROFILES, Profile, get_profile
from safesweep.measures.resample import Floats

SEPARATOR = "\x1f"
"""Between the categories of a trial; a control character, so that no category's name holds it."""
_KEY = ["prompt_set", "prompt_row", "prompt_id", "prompt_hash", "seed", "sample_index"]
_WORDS = ("method", "cell", "prompt_set", "prompt_id", "prompt_hash", "categories")


class StepAnswers(NamedTuple):
    """What a cell's VLM said at one step."""

    method: str
    cell: str
    benign: bool
    step: int
    """From 0."""
    asked: int
    """Exchanges recorded with trials; one that several trials shared counts in each."""
    named: int
    """Those whose answer had a harm term."""


def outcomes(
    lake: str | Path,
    run_id: str,
    profile: Profile | str,
    benign_sets: Collection[str],
    *,
    second: Profile | None = None,
    labels: bool = False,
    threads: int | None = None,
    memory_limit: str = MEMORY_LIMIT,
) -> pd.DataFrame:
    """Return a run's trials, one narrow row each, in the order of their ids.

    Columns: method, cell, prompt_set, prompt_id, prompt_hash (strings, as pandas categories); categories (strings joined
    by `SEPARATOR`, sorted, as pandas categories); prompt_row, seed, sample_index; benign (bool); unsafe (1 unsafe, 0 safe, NaN
    refused or unscored); refused (1 refused, 0 drawn, NaN failed); score (P(unsafe) in [0, 1], NaN without a verdict); cosine
    ([-1, 1], NaN); triggered (1 when any answer had a harm term, else 0).

    Args:
        lake: the lake's folder.
        run_id: the run.
        profile: a profile or a registered name.
        benign_sets: names of prompt sets that are benign.
        second: another judge, whose verdict is the further column `second` (1, 0, NaN).
        labels: add the columns truth (1 unsafe, 0 safe, NaN not labelled or undecided), weight (1 / inclusion probability, NaN not
            labelled) and sampled (the verdict that the labels' sample was stratified by; all NaN where it is this profile's, or none).
        threads, memory_limit: duckdb's.

    Raises:
        FileNotFoundError, ValueError: as `safesweep.lake.reader.run_files`; an unknown profile.
    """
    rule = get_profile(profile)
    files = run_files(lake, run_id).complete
    if not files:
        return pd.DataFrame()
    said = read_labels(lake, run_id).to_pandas() if labels else None
    stratified = None if said is None else _stratified_by(said, rule)
    rules = [one for one in (rule, second, stratified) if one is not None]
    names = ["outcome", *(["outcome_second"] if second else []), *(["outcome_sampled"] if stratified else [])]
    judges = judged_by_all(rules, source(files), names=[(name, name.replace("outcome", "score")) for name in names])
    extra = f", {_flag('outcome_second')} AS second" if second else ""
    if said is not None:
        extra += f", truth, weight, {_flag('outcome_sampled') if stratified else 'NULL::DOUBLE'} AS sampled"
        judges = f"SELECT * FROM ({judges}) LEFT JOIN told USING (trial_id)"
    query = f"""
        SELECT method, cell, prompt_set, prompt_id, prompt_hash,
               array_to_string(list_sort(list_distinct(coalesce(categories, []))), chr({ord(SEPARATOR)})) AS categories,
               coalesce(prompt_row, 0)::BIGINT AS prompt_row, seed, sample_index, {is_one_of("prompt_set", benign_sets)} AS benign,
               {_flag("outcome")} AS unsafe,
               CASE WHEN {is_refused()} THEN 1.0 WHEN {is_made()} THEN 0.0 END::DOUBLE AS refused,
               score::DOUBLE AS score, cosine::DOUBLE AS cosine,
               coalesce(list_bool_or(list_transform(exchanges, lambda x: len(x.terms) > 0)), false)::DOUBLE AS triggered{extra}
        FROM ({judges}) ORDER BY trial_id"""
    with connection(threads, memory_limit) as opened:
        if said is not None:
            opened.register("told", pa.Table.from_pandas(truths(said), preserve_index=False))
        table: Any = opened.sql(query).to_arrow_table()
    # Few words stand in a million rows: pandas need not see each of them as a string.
    for name in _WORDS:
        table = table.set_column(table.schema.get_field_index(name), name, table[name].dictionary_encode())
    frame: pd.DataFrame = table.unify_dictionaries().to_pandas()
    return frame.assign(**{name: frame[name].cat.set_categories(sorted(frame[name].cat.categories)) for name in _WORDS})


def _flag(outcome: str) -> str:
    return f"CASE {outcome} WHEN 'unsafe' THEN 1.0 WHEN 'safe' THEN 0.0 END::DOUBLE"


def _stratified_by(labels: pd.DataFrame, rule: Profile) -> Profile | None:
    """The profile whose verdict the labels were drawn by, where it is another than the one that judges, and one for all of them."""
    drawn = labels[labels["stratum_verdict"].fillna("") != ""]
    names = set(drawn["profile"])
    name = names.pop() if len(names) == 1 and len(drawn) == len(labels) else rule.name
    return PROFILES[name] if name != rule.name and name in set(PROFILES) else None


def category_masks(frame: pd.DataFrame) -> dict[str, np.ndarray[tuple[int], np.dtype[np.bool_]]]:
    """Return category -> which rows of `outcomes` have it, sorted by name; a row counts in each of its categories."""
    codes = frame["categories"].cat.codes.to_numpy()
    sets = [set(str(joined).split(SEPARATOR)) - {""} for joined in frame["categories"].cat.categories]
    names = sorted(set().union(*sets))
    return {name: np.isin(codes, [i for i, held in enumerate(sets) if name in held]) for name in names}


def grid(frame: pd.DataFrame, cells: Sequence[tuple[str, str]], columns: Sequence[str]) -> tuple[pd.DataFrame, Floats]:
    """Lay trials of the same prompt and seed side by side.

    Args:
        frame: rows of `outcomes`.
        cells: C pairs of method and cell.
        columns: V names of number columns.

    Returns:
        (rows), one prompt and seed each, with the columns `prompt_set` and `prompt_hash`; and the values,
        (V, rows, C), NaN where a cell has no such trial.
    """
    methods, labels = frame["method"].cat, frame["cell"].cat
    # By the categories' codes: a million pairs of strings take seconds to make and look up.
    place = np.full((len(methods.categories) + 1, len(labels.categories) + 1), -1)
    for index, (method, label) in enumerate(cells):
        place[_position(methods, method), _position(labels, label)] = index
    place[-1, :] = place[:, -1] = -1
    column = place[methods.codes.to_numpy(), labels.codes.to_numpy()]
    row = frame.groupby(_KEY, observed=True, sort=True).ngroup().to_numpy()
    values = np.full((len(columns), int(row.max(initial=-1)) + 1, len(cells)), np.nan)
    known = column >= 0
    for index, name in enumerate(columns):
        values[index, row[known], column[known]] = frame[name].to_numpy(dtype=np.float64)[known]
    first = np.unique(row, return_index=True)[1]
    return frame.iloc[first][["prompt_set", "prompt_hash"]].astype(str).reset_index(drop=True), values


def answers_by_step(
    lake: str | Path, run_id: str, benign_sets: Collection[str], *, threads: int | None = None
) -> list[StepAnswers]:
    """Count, for each cell that asks, how often the VLM named a harm at each step; sorted by cell, kind and step.

    Raises:
        FileNotFoundError, ValueError: as `safesweep.lake.reader.run_files`.
    """
    files = run_files(lake, run_id).complete
    if not files:
        return []
    query = f"""
        SELECT method, cell, benign, step, count(*), count(*) FILTER (named)
        FROM (SELECT method, cell, {is_one_of("prompt_set", benign_sets)} AS benign,
                     unnest(list_transform(exchanges, lambda x: {{'step': x.step, 'named': len(x.terms) > 0}}),
                            recursive := true)
              FROM {source(files)})
        GROUP BY ALL ORDER BY ALL"""
    with connection(threads, MEMORY_LIMIT) as opened:
        return [StepAnswers(*row) for row in opened.execute(query).fetchall()]


def _position(column: Any, word: str) -> int:
    """Of a word among the column's categories; -1 when it is not there."""
    return int(column.categories.get_indexer([word])[0])
