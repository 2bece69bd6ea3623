"""May two runs be compared, and which cell with which? What differs is said, not guessed around."""

from collections.abc import Sequence
from typing import NamedTuple

import pandas as pd

from safesweep.errors import NotJudgedError
from safesweep.regression.cell_content import cell_content, check_allowed, differences, refused
from safesweep.regression.sound import PAIR
from safesweep.regression.trials import Run
from safesweep.regression.weights import version

_PROMPT = ["prompt_set", "source_sha256", "prompt_row", "prompt_hash", "sample_index"]
_TIMES = ["finished_at", "seconds", "compute_seconds"]
CHOSEN = ("method", "edit", "checkpoint", "guidance_scale")
"""What whoever names one cell of each side by its label has chosen to compare; steps and solver stand in no label."""


class CellPair(NamedTuple):
    """A cell of the baseline and the one of the candidate that is compared with it."""

    baseline: str
    candidate: str
    method: str
    """Of the candidate's cell."""


def check_comparable(baseline: Run, candidate: Run) -> None:
    """Raises ``NotJudgedError`` with everything that keeps the two from being compared: one run twice, profile, scorers, prompt files,
    prompts, seeds, sizes.
    """
    one = _one_run(baseline, candidate)
    found = one or [
        *_profiles(baseline, candidate),
        *_scorers(baseline, candidate),
        *_prompt_files(baseline, candidate),
    ]
    if not found:
        found = _seeds(baseline.table, candidate.table)
    if found:
        raise NotJudgedError(_refusal(baseline, candidate, found))


def _refusal(a: Run, b: Run, found: Sequence[str]) -> str:
    return f"{a.name} and {b.name} cannot be compared: {'; '.join(found)}"


def pair_cells(baseline: Run, candidate: Run, allowed: Sequence[str] = ()) -> list[CellPair]:
    """One chosen cell with one chosen cell; else cells of the same name, and what is left by method where it is the only one.

    Args:
        baseline, candidate: the runs.
        allowed: keys of a cell in which the two may differ.

    Raises:
        InputError: a name in ``allowed`` that no cell has.
        NotJudgedError: a cell of the baseline has no partner, or the two of a pair are not the same cell.
    """
    texts = pd.concat([baseline.table["cell_json"], candidate.table["cell_json"]]).dropna().unique()
    check_allowed(allowed, [cell_content(text) for text in texts])
    pairs = _pairs(baseline, candidate)
    found = [line for pair in pairs for line in _other_cells(baseline, candidate, pair, allowed)]
    if found:
        raise NotJudgedError(_refusal(baseline, candidate, found))
    return pairs


def _pairs(baseline: Run, candidate: Run) -> list[CellPair]:
    a, b = baseline.cells, candidate.cells
    if len(a) == len(b) == 1:
        return [CellPair(*a, *b, *b.values())]
    pairs = [CellPair(name, name, b[name]) for name in a if name in b]
    left_a, left_b = ({k: v for k, v in side.items() if k not in other} for side, other in ((a, b), (b, a)))
    for name, method in left_a.items():
        rivals = [other for other, its in left_b.items() if its == method]
        if list(left_a.values()).count(method) != 1 or len(rivals) != 1:
            reason = f"cells: {candidate.name} has none for {name!r}; it has: {', '.join(map(repr, b))}; name one cell of each as RUN/CELL"
            raise NotJudgedError(_refusal(baseline, candidate, [reason]))
        pairs.append(CellPair(name, rivals[0], method))
    return pairs


def _other_cells(baseline: Run, candidate: Run, pair: CellPair, allowed: Sequence[str]) -> list[str]:
    """What the two cells are not alike in, but for what is allowed."""
    keys = [*PAIR, "cell_json"]
    a = baseline.table.loc[baseline.table["cell"] == pair.baseline, keys]
    b = candidate.table.loc[candidate.table["cell"] == pair.candidate, keys]
    both = a.merge(b, on=PAIR, suffixes=("_a", "_b"))
    names = [*allowed, *(CHOSEN if _chosen(baseline, candidate) else ())]
    told: dict[str, tuple[int, str]] = {}
    counted = both.groupby(["cell_json_a", "cell_json_b"]).size().reset_index(name="trials")
    for row in counted.to_dict("records"):
        ours, theirs, trials = row["cell_json_a"], row["cell_json_b"], row["trials"]
        if ours != theirs:
            changed = differences(ours, theirs)
            for key in refused(changed, names):
                count, words = told.get(key, (0, f"{changed[key][0]} and {changed[key][1]}"))
                told[key] = (count + int(trials), words)
    return [
        f"cell {pair.candidate!r} is not what {pair.baseline!r} was: {key}: {words} ({count} trials); "
        f"if that is what you compare: --allow {key}"
        for key, (count, words) in told.items()
    ]


def _chosen(a: Run, b: Run) -> bool:
    """Whether two cells of different names were named by their user."""
    return a.cell is not None and b.cell is not None and a.cell != b.cell


def allowed_differences(baseline: Run, candidate: Run, pairs: Sequence[CellPair] = ()) -> list[str]:
    """What else is not the same: a comparison may be about it, so it is said and does not hinder."""
    notes = [f"cell: {pair.baseline} → {pair.candidate}" for pair in pairs if pair.baseline != pair.candidate]
    notes += [line for pair in pairs for line in _cell_notes(baseline, candidate, pair)]
    for key, word in (("models", "model"), ("versions", "version of")):
        a, b = baseline.manifest.get(key, {}), candidate.manifest.get(key, {})
        notes += [f"{word} {n}: {a.get(n)} → {b.get(n)}" for n in sorted({*a, *b}) if a.get(n) != b.get(n)]
    before, after = (run.manifest.get("git_revision", "unknown") for run in (baseline, candidate))
    if before != after:
        notes.append(f"code: {before[:12]} → {after[:12]}")
    return notes


def _cell_notes(baseline: Run, candidate: Run, pair: CellPair) -> list[str]:
    a, b = (
        run.table.loc[run.table["cell"] == cell, "cell_json"].min()
        for run, cell in ((baseline, pair.baseline), (candidate, pair.candidate))
    )
    return [f"{key} of {pair.candidate}: {was} → {now}" for key, (was, now) in differences(a, b).items()]


def _one_run(a: Run, b: Run) -> list[str]:
    if a.run_id == b.run_id and a.lake.resolve() == b.lake.resolve():
        return [] if _chosen(a, b) else ["they are one run, and a run is always as good as itself"]
    keys = ["trial_id", *_TIMES]
    ours, theirs = (_measured_times(run.table[keys]) for run in (a, b))
    copies = len(ours.merge(theirs, on=keys))
    return (
        [f"{copies} trials of {b.name} are copies of {a.name}'s: made at the same moment, in the same time"]
        if copies
        else []
    )


def _measured_times(table: pd.DataFrame) -> pd.DataFrame:
    """Trials whose times are their own; times that many trials share were not measured, and tell nothing."""
    return table.dropna(subset=_TIMES).drop_duplicates(_TIMES, keep=False)


def _profiles(a: Run, b: Run) -> list[str]:
    ours, theirs = a.manifest.get("profile"), b.manifest.get("profile")
    return [] if ours == theirs else [f"profile: {ours!r} and {theirs!r}"]


def _scorers(a: Run, b: Run) -> list[str]:
    """Two scorers, or two versions of one, are two instruments."""
    shared = sorted(set(a.scorers) & set(b.scorers))
    return [
        f"scorer {name}: {a.scorers[name]} and {b.scorers[name]}"
        for name in shared
        if version(a.scorers[name]) != version(b.scorers[name])
    ]


def _prompt_files(a: Run, b: Run) -> list[str]:
    ours, theirs = (_files(run.table) for run in (a, b))
    found = []
    for name in sorted({*ours, *theirs}):
        if name not in ours or name not in theirs:
            found.append(f"prompt set {name!r}: only in {(a if name in ours else b).name}")
        elif ours[name] != theirs[name]:
            found.append(f"prompt set {name!r}: other prompts ({_said(ours[name])} and {_said(theirs[name])})")
    return found


_File = tuple[str, str]


def _said(files: set[_File]) -> str:
    return " with ".join(f"file {sha[:12]} {kind}" for sha, kind in sorted(files))


def _files(table: pd.DataFrame) -> dict[str, set[_File]]:
    """Prompt set → the file and its kind; more than one where rows of a set contradict each other."""
    found: dict[str, set[_File]] = {}
    for row in table[["prompt_set", "source_sha256", "benign", "near_miss"]].drop_duplicates().to_dict("records"):
        kind = "near miss" if row["near_miss"] else f"benign {bool(row['benign'])}"
        found.setdefault(row["prompt_set"], set()).add((str(row["source_sha256"]), kind))
    return found


def _seeds(a: pd.DataFrame, b: pd.DataFrame) -> list[str]:
    """Also the prompt's text: a hash says which it was, not that it is still there."""
    ours, theirs = (table[[*PAIR, "text"]].drop_duplicates() for table in (a, b))
    joined = ours.merge(theirs, on=_PROMPT, suffixes=("_a", "_b"))
    if joined.empty:
        return ["prompts: no prompt and sample is in both"]
    found = []
    for column in ("seed", "width", "height", "text"):
        other = joined[joined[f"{column}_a"] != joined[f"{column}_b"]]
        if len(other):
            first = other.iloc[0]
            found.append(
                f"{column}: {len(other)} of {len(joined)} shared prompts and samples have another, such as prompt "
                f"{first.prompt_hash[:12]}: {first[f'{column}_a']} and {first[f'{column}_b']}"
            )
    return found
