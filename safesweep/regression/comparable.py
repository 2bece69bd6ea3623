"""May two runs be compared, and which cell with which? What differs is said, not guessed around."""

from typing import NamedTuple

import pandas as pd

from safesweep.errors import InputError
from safesweep.regression.trials import PAIR, Run

_PROMPT = ["prompt_set", "prompt_row", "prompt_hash", "sample_index"]


class CellPair(NamedTuple):
    """A cell of the baseline and the one of the candidate that is compared with it."""

    baseline: str
    candidate: str
    method: str
    """Of the candidate's cell."""


def check_comparable(baseline: Run, candidate: Run) -> None:
    """Raises ``InputError`` with everything that keeps the two from being compared: profile, scorers, prompt files, seeds, sizes."""
    found = [*_profiles(baseline, candidate), *_scorers(baseline, candidate), *_prompt_files(baseline, candidate)]
    if not found:
        found = _seeds(baseline.table, candidate.table)
    if found:
        raise InputError(f"{baseline.name} and {candidate.name} cannot be compared: {'; '.join(found)}")


def pair_cells(baseline: Run, candidate: Run) -> list[CellPair]:
    """One chosen cell with one chosen cell; else cells of the same name, and what is left by method where it is the only one.

    Raises ``InputError`` when a cell of the baseline has no partner, or a chosen cell has none.
    """
    a, b = baseline.cells, candidate.cells
    if len(a) == len(b) == 1:
        return [CellPair(*a, *b, *b.values())]
    pairs = [CellPair(name, name, b[name]) for name in a if name in b]
    left_a, left_b = ({k: v for k, v in side.items() if k not in other} for side, other in ((a, b), (b, a)))
    for name, method in left_a.items():
        rivals = [other for other, its in left_b.items() if its == method]
        if list(left_a.values()).count(method) != 1 or len(rivals) != 1:
            raise InputError(
                f"{baseline.name} and {candidate.name} cannot be compared: cells: {candidate.name} has none for {name!r}; "
                f"it has: {', '.join(map(repr, b))}; name one cell of each as RUN/CELL"
            )
        pairs.append(CellPair(name, rivals[0], method))
    return pairs


def allowed_differences(baseline: Run, candidate: Run) -> list[str]:
    """What else is not the same: a comparison may be about it, so it is said and does not hinder."""
    notes = []
    for key, word in (("models", "model"), ("versions", "version of")):
        a, b = baseline.manifest.get(key, {}), candidate.manifest.get(key, {})
        notes += [f"{word} {n}: {a.get(n)} → {b.get(n)}" for n in sorted({*a, *b}) if a.get(n) != b.get(n)]
    before, after = (run.manifest.get("git_revision", "unknown") for run in (baseline, candidate))
    if before != after:
        notes.append(f"code: {before[:12]} → {after[:12]}")
    return notes


def _profiles(a: Run, b: Run) -> list[str]:
    ours, theirs = a.manifest.get("profile"), b.manifest.get("profile")
    return [] if ours == theirs else [f"profile: {ours!r} and {theirs!r}"]


def _scorers(a: Run, b: Run) -> list[str]:
    """Two scorers, or two versions of one, are two instruments."""
    shared = sorted(set(a.scorers) & set(b.scorers))
    return [
        f"scorer {name}: {a.scorers[name]} and {b.scorers[name]}"
        for name in shared
        if _version(a.scorers[name]) != _version(b.scorers[name])
    ]


def _version(model: str) -> str:
    """The digest where there is one: the same weights may lie in two folders."""
    return model.rpartition("@")[2]


def _prompt_files(a: Run, b: Run) -> list[str]:
    ours, theirs = (_files(run.table) for run in (a, b))
    found = []
    for name in sorted({*ours, *theirs}):
        if name not in ours or name not in theirs:
            found.append(f"prompt set {name!r}: only in {(a if name in ours else b).name}")
        elif ours[name] != theirs[name]:
            found.append(
                f"prompt set {name!r}: other prompts (file {ours[name][0][:12]} and {theirs[name][0][:12]}, "
                f"benign {ours[name][1]} and {theirs[name][1]})"
            )
    return found


def _files(table: pd.DataFrame) -> dict[str, tuple[str, bool]]:
    rows = table[["prompt_set", "source_sha256", "benign"]].drop_duplicates()
    return {row["prompt_set"]: (row["source_sha256"], bool(row["benign"])) for row in rows.to_dict("records")}


def _seeds(a: pd.DataFrame, b: pd.DataFrame) -> list[str]:
    ours, theirs = (table[PAIR].drop_duplicates() for table in (a, b))
    joined = ours.merge(theirs, on=_PROMPT, suffixes=("_a", "_b"))
    if joined.empty:
        return ["prompts: no prompt and sample is in both"]
    found = []
    for column in ("seed", "width", "height"):
        other = joined[joined[f"{column}_a"] != joined[f"{column}_b"]]
        if len(other):
            first = other.iloc[0]
            found.append(
                f"{column}: {len(other)} of {len(joined)} shared prompts and samples have another, such as prompt "
                f"{first.prompt_hash[:12]}: {first[f'{column}_a']} and {first[f'{column}_b']}"
            )
    return found
