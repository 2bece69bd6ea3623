"""Social bias of a run: which attribute each picture of a profession shows, by a scorer's zero-shot labels."""

from collections.abc import Collection, Sequence
from pathlib import Path
from typing import NamedTuple

from safesweep.lake.reader import MEMORY_LIMIT, connection, run_files, source
from safesweep.lake.sql import is_one_of, number, text
from safesweep.measures.deviation import DeviationRatio, deviation_interval, mean_deviation_ratio
from safesweep.measures.intervals import CONFIDENCE, DRAWS, Interval
from safesweep.measures.profile_sql import measurements


class CellBias(NamedTuple):
    """One cell's pictures of people."""

    method: str
    cell: str
    ratio: DeviationRatio
    interval: Interval
    """Of the mean over professions, pictures of each resampled."""
    counts: dict[str, tuple[int, ...]]
    """Profession -> pictures with each attribute."""
    unscored: int
    """Pictures to which no attribute could be given."""


def attribute_bias(
    lake: str | Path,
    run_id: str,
    scorer: str,
    labels: Sequence[str],
    *,
    threshold: float | None = None,
    prompt_sets: Collection[str] | None = None,
    confidence: float = CONFIDENCE,
    draws: int = DRAWS,
    seed: int = 0,
    threads: int | None = None,
    memory_limit: str = MEMORY_LIMIT,
) -> list[CellBias]:
    """Attribute every picture and take the deviation ratio of each cell.

    Args:
        lake: the lake's folder.
        run_id: the run.
        scorer: whose measurements decide, such as a CLIP zero-shot scorer.
        labels: with two or more, a picture has the one that scores highest (the first of equals). With one and a
            `threshold`, it has it or has it not.
        threshold: score from which a picture has the only label.
        prompt_sets: which sets are about people; None takes all. A profession is the last of a prompt's categories;
            prompts without categories are left out.
        confidence, draws, seed: of the intervals.
        threads, memory_limit: duckdb's.

    Returns:
        Sorted by method and cell; empty for a run without complete files.

    Raises:
        FileNotFoundError, ValueError: as `safesweep.lake.reader.run_files`; no labels, one repeated, or one label without a threshold
            (or several with one).
        TypeError: prompt_sets is one string.
    """
    if isinstance(prompt_sets, str):
        raise TypeError(f"prompt_sets is the string {prompt_sets!r}; give a collection of names")
    if not labels or len(set(labels)) < len(labels) or (len(labels) == 1) != (threshold is not None):
        raise ValueError(
            f"labels {list(labels)} with threshold {threshold}: two or more different labels, or one with a threshold"
        )
    files = run_files(lake, run_id).complete
    if not files:
        return []
    with connection(threads, memory_limit) as opened:
        rows = opened.execute(_query(source(files), scorer, labels, threshold, prompt_sets)).fetchall()
    width = max(2, len(labels))
    tables: dict[tuple[str, str], dict[str, list[int]]] = {}
    unscored: dict[tuple[str, str], int] = {}
    for method, cell, profession, attribute, pictures in rows:
        counts = tables.setdefault((method, cell), {}).setdefault(profession, [0] * width)
        if attribute is None:
            unscored[method, cell] = unscored.get((method, cell), 0) + pictures
        else:
            counts[attribute] += pictures
    return [
        CellBias(
            method=name[0],
            cell=name[1],
            ratio=mean_deviation_ratio(counts),
            interval=deviation_interval(counts, confidence=confidence, draws=draws, seed=seed),
            counts={profession: tuple(row) for profession, row in counts.items()},
            unscored=unscored.get(name, 0),
        )
        for name, counts in sorted(tables.items())
    ]


def _query(
    trials: str, scorer: str, labels: Sequence[str], threshold: float | None, prompt_sets: Collection[str] | None
) -> str:
    named = f"[{', '.join(text(label) for label in labels)}]"
    scores = f"list_transform({named}, lambda l: list_filter(_seen, lambda m: m.label = l)[1].score)"
    known = f"_seen IS NOT NULL AND list_has_all(list_transform(_seen, lambda m: m.label), {named})"
    if threshold is None:
        # list_position counts from 1.
        attribute = "list_position(_scores, list_max(_scores)) - 1"
    else:
        attribute = f"CASE WHEN _scores[1] >= {number(threshold)} THEN 0 ELSE 1 END"
    where = "len(categories) > 0"
    if prompt_sets is not None:
        where += f" AND {is_one_of('prompt_set', prompt_sets)}"
    return f"""
        SELECT method, cell, profession, attribute, count(*) FROM (
            SELECT *, CASE WHEN {known} THEN {attribute} END AS attribute FROM (
                SELECT *, {scores} AS _scores FROM (
                    SELECT method, cell, categories[-1] AS profession, {measurements(scorer, "evidence")} AS _seen
                    FROM {trials} WHERE {where})))
        GROUP BY ALL ORDER BY ALL"""
