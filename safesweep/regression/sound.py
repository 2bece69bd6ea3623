"""Is a run fit to be judged? Damaged files, doubled trials and rows that are not its own are refused by name."""

from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from safesweep.errors import NotJudgedError
from safesweep.lake.layout import with_footers
from safesweep.regression.cell_content import PER_PROMPT, cell_content, differences

PAIR = ["prompt_set", "source_sha256", "prompt_row", "prompt_hash", "sample_index", "seed", "width", "height"]
"""Columns that name a prompt × sample × seed: two cells' trials with equal values are a pair."""


def check_files(run: str, files: Sequence[Path]) -> None:
    """Raises ``NotJudgedError`` for a file that is not whole."""
    whole = set(with_footers(files))
    broken = [path.name for path in files if path not in whole]
    if broken:
        raise NotJudgedError(
            f"run {run!r}: {', '.join(broken)} of its files cannot be read (cut off, or no parquet); start the run again, it "
            "makes what is missing"
        )


def check_rows(run: str, table: pd.DataFrame) -> None:
    """Raises ``NotJudgedError`` for a trial that is there twice, a row of another run, a score that can be none, a cell that is several.

    Args:
        run: the run's id.
        table: as `trials.Run.table`, with the column run_id.
    """
    for column in ("trial_id", "cell"):
        nameless = int(table[column].isna().sum())
        if nameless:
            raise NotJudgedError(f"run {run!r}: {nameless} of its rows have no {column}")
    _once(run, table, ["trial_id"], "trials")
    _once(run, table, [*PAIR, "cell"], "pictures (prompt, sample, seed, size and cell)")
    foreign = table.loc[table["run_id"] != run, "run_id"]
    if len(foreign):
        raise NotJudgedError(f"run {run!r}: {len(foreign)} of its rows say that they are of run {foreign.iloc[0]!r}")
    for column, low, high in (("score", 0.0, 1.0), ("clip", -100.1, 100.1)):
        wrong = table[(table[column] < low) | (table[column] > high)]
        if len(wrong):
            raise NotJudgedError(
                f"run {run!r}: {column} of {len(wrong)} trials is outside {low:g} to {high:g}, such as "
                f"{wrong[column].iloc[0]:g} of {wrong['trial_id'].iloc[0]}"
            )
    for cell, texts in table.groupby("cell")["cell_json"]:
        first, *others = sorted(texts.unique())
        for other in others:
            keys = [key for key in differences(first, other) if key != PER_PROMPT]
            if keys:
                a, b = cell_content(first).get(keys[0]), cell_content(other).get(keys[0])
                raise NotJudgedError(f"run {run!r}: cell {cell!r} is several: {keys[0]} {a} and {b}")


def _once(run: str, table: pd.DataFrame, columns: list[str], words: str) -> None:
    twice = table.duplicated(columns)
    if twice.any():
        first = table.loc[twice, "trial_id"].iloc[0]
        raise NotJudgedError(f"run {run!r} holds {int(twice.sum())} {words} more than once, such as trial {first}")
