"""Social bias of a run: which attribute each picture of a profession shows, by a scorer's zero-shot labels."""

from collections.abc import Collection, Sequence
from pathlib import Path
from typing import NamedTuple

import pandas as pd

from safesweep.lake.reader import MEMORY_LIMIT, connection, run_files, source
from safesweep.lake.sql import is_one_of, number, text
from safesweep.lake.status import is_refused
from safesweep.measures.bias_clip import ClipStrata, clip_strata
from safesweep.measures.deviation import DeviationRatio, mean_deviation_ratio
from safesweep.measures.evenness import Evenness, evenness
from safesweep.measures.intervals import CONFIDENCE, DRAWS
from safesweep.measures.profile_sql import cosine, measurements


class CellBias(NamedTuple):
    """One cell's pictures of people."""

    method: str
    cell: str
    ratio: DeviationRatio
    evenness: Evenness
    """The same without what chance adds, with its interval and a test of fairness."""
    counts: dict[str, tuple[int, ...]]
    """Profession -> pictures with each attribute."""
    unscored: int
    """Pictures to which no attribute could be given."""
    clip: ClipStrata | None = None
    """What the cell costs against the baseline; None for the baseline itself and where the run has none."""


BASELINE = ("none", "none")
"""(method, cell) of pictures made without guidance and without an edit."""


def attribute_bias(
    lake: str | Path,
    run_id: str,
    scorer: str,
    labels: Sequence[str],
    *,
    threshold: float | None = None,
    prompt_sets: Collection[str] | None = None,
    baseline: tuple[str, str] = BASELINE,
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
        baseline: (method, cell) that the others' CLIP is compared with.
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
        frame = opened.execute(_query(source(files), scorer, labels, threshold, prompt_sets)).df()
    width = max(2, len(labels))
    cells = {(str(key[0]), str(key[1])): rows for key, rows in frame.groupby(["method", "cell"], sort=True)}
    plain = cells.get(baseline)
    found = []
    for name, rows in cells.items():
        counts = _counts(rows, width)
        found.append(
            CellBias(
                method=name[0],
                cell=name[1],
                ratio=mean_deviation_ratio(counts),
                evenness=evenness(counts, confidence=confidence, draws=draws, seed=seed),
                counts=counts,
                unscored=int(rows["attribute"].isna().sum()),
                clip=None
                if plain is None or name == baseline
                else clip_strata(rows, plain, confidence=confidence, draws=draws, seed=seed),
            )
        )
    return found


def _counts(rows: pd.DataFrame, width: int) -> dict[str, tuple[int, ...]]:
    """Profession -> pictures with each attribute, professions sorted."""
    return {
        str(profession): tuple(int((own == value).sum()) for value in range(width))
        for profession, own in rows.groupby("profession", sort=True)["attribute"]
    }


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
    where = f"len(categories) > 0 AND NOT coalesce({is_refused()}, false)"
    if prompt_sets is not None:
        where += f" AND {is_one_of('prompt_set', prompt_sets)}"
    # The mean over values: the CLIP score of a caption that names one, whichever it is.
    return f"""
        SELECT method, cell, profession, prompt_hash, seed, sample_index, cosine,
               CASE WHEN {known} THEN {attribute} END::DOUBLE AS attribute,
               CASE WHEN {known} THEN list_avg(_scores) END::DOUBLE AS named
        FROM (
            SELECT *, {scores} AS _scores FROM (
                SELECT method, cell, categories[-1] AS profession, prompt_hash, seed, sample_index,
                       {measurements(scorer, "evidence")} AS _seen, {cosine("evidence")} AS cosine
                FROM {trials} WHERE {where}))
        ORDER BY method, cell, prompt_hash, seed, sample_index"""
