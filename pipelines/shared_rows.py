"""Rows that ask for one picture: it is made once, and each row is a trial of its own."""

import json
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence

import numpy as np

from pipelines.trial_names import PLANNED, Row, pick
from safesweep.lake.repeats import Line, repeat_id
from safesweep.lake.trial_ids import TrialIds


def name_repeats(rows: Sequence[Row], holders: Callable[[set[str]], Mapping[str, Line]]) -> int:
    """Gives each row that asks for another's picture trial ids of its own; returns how many."""
    asking: dict[str, list[Row]] = {}
    counts = Counter(picture for row in rows for picture in row["pictures"])
    for row in rows:
        for picture in row["pictures"]:
            if counts[picture] > 1:
                asking.setdefault(picture, []).append(row)
    held = holders(set(asking)) if asking else {}
    for picture, those in asking.items():
        own = next((row for row in those if _line(row) == held.get(picture)), those[0])
        for row in those:
            if row is not own:
                place = row["pictures"].index(picture)
                row["trial_ids"][place] = repeat_id(picture, _line(row))
    return counts.total() - len(counts)


def _line(row: Row) -> Line:
    return row["prompt_set"], row["source"], row["prompt_row"], row["sample_index"]


def shared_requests(shared: Sequence[Row]) -> Iterator[Row]:
    """The rows that share pictures, as ``RunPlan.requests`` has them."""
    asked: dict[str, tuple[list[Row], int]] = {}
    rows: list[tuple[Row, list[Row]]] = []
    for row in shared:
        keep: list[int] = []
        repeats: list[Row] = []
        for place, (picture, trial) in enumerate(zip(row["pictures"], row["trial_ids"], strict=True)):
            if picture not in asked:
                asked[picture] = repeats, len(keep)
                keep.append(place)
                continue
            columns = {key: value for key, value in row.items() if key not in PLANNED}
            others, at = asked[picture]
            others.append({**columns, "trial_id": trial, "place": at})
        if keep:
            rows.append((pick(row, keep), repeats))
    return ({**row, "repeats": json.dumps(repeats)} for row, repeats in rows)


def rows_without(rows: Sequence[Row], made: TrialIds) -> Iterator[Row]:
    """The rows less the trials in ``made``; a row that has none left goes."""
    for row in rows:
        keep = np.flatnonzero(~made.contains(row["trial_ids"])).tolist()
        if keep:
            yield pick(row, keep)
