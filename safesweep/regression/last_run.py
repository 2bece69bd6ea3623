"""Which run came before, and what changed since: for the report of a run."""

import datetime
import re
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from safesweep.errors import InputError, NotJudgedError
from safesweep.lake.layout import run_ids
from safesweep.lake.manifest import Manifest, read_manifest
from safesweep.measures.profiles import Profile
from safesweep.regression.change_words import SUBJECTS, Subject, sentences
from safesweep.regression.comparison import Comparison, compare
from safesweep.regression.nights import NightStore
from safesweep.regression.policy import MeasureRule, Policy
from safesweep.regression.trials import Run, load_run
from safesweep.regression.watched import WATCHED
from safesweep.reports.lead import Since
from safesweep.reports.none_cell import BASELINE

NIGHT = re.compile(r"(?P<suite>.+)-(?P<date>\d{4}-\d\d-\d\d)(-[A-Za-z0-9]+)?")
"""How `nights.name_night` names a night's run."""
ANY_CHANGE = 1e-9
"""Of a measure, in its unit: what is told is whether it changed at all, not whether it may."""


def since_last(lake: Path, run_id: str, profile: Profile, earlier: str | None = None) -> Since:
    """What changed since an earlier run, as sentences.

    Args:
        lake: of both runs.
        run_id: the run.
        profile: judges both.
        earlier: the earlier run; None takes the one that `last_run` finds.

    Raises:
        InputError: ``earlier`` is named, and there is no such run.
    """
    found = earlier or last_run(lake, run_id)
    if found is None:
        return Since(
            None,
            (
                "There is no earlier run of these cells and prompts in this lake, so nothing can be said of what changed.",
            ),
        )
    if earlier is not None and earlier not in run_ids(lake):
        raise InputError(f"--since: lake {lake} has no run {earlier!r}; it has: {', '.join(run_ids(lake))}")
    try:
        comparison, notes = _compared(lake, found, run_id, profile)
    except NotJudgedError as error:
        return Since(found, (f"Nothing can be said of what changed since {found}: {error}.",))
    return Since(found, sentences(comparison), (*notes, *(f"Differs: {note}." for note in comparison.notes)))


def last_run(lake: Path, run_id: str) -> str | None:
    """The night before of the same suite; else the latest that started before it with the same prompt files and any of its cells."""
    there = set(run_ids(lake)) - {run_id}
    night = NIGHT.fullmatch(run_id)
    if night is not None:
        earlier = NightStore(lake, night["suite"]).before(run_id, datetime.date.fromisoformat(night["date"]))
        nights = [one.run_id for one in earlier if one.run_id in there]
        if nights:
            return nights[-1]
    own = read_manifest(lake, run_id)
    if own is None or not own.get("started_at"):
        return None
    manifests = {name: manifest for name in there if (manifest := read_manifest(lake, name)) is not None}
    before = [(manifest["started_at"], name) for name, manifest in manifests.items() if _is_earlier(manifest, own)]
    return max(before)[1] if before else None


def _is_earlier(one: Manifest, own: Manifest) -> bool:
    if not one.get("started_at") or one["started_at"] >= own["started_at"]:
        return False
    same = [{(name, digest) for name, _, digest in manifest.get("prompt_sets") or []} for manifest in (one, own)]
    shared = [cell for cell in one.get("cells") or [] if cell in (own.get("cells") or [])]
    return same[0] == same[1] and bool(same[0]) and bool(shared)


def _compared(lake: Path, earlier: str, run_id: str, profile: Profile) -> tuple[Comparison, list[str]]:
    """On the cells that both have, and what the others are."""
    runs = [load_run(lake, name, profile) for name in (earlier, run_id)]
    before, now = runs
    shared = set(before.cells) & set(now.cells)
    if not shared:
        raise NotJudgedError(f"it has none of the cells of {run_id}")
    methods = {one: _methods(runs, one) for one in SUBJECTS}
    rules = {
        # not validated: a lake may hold methods of a plugin that is not installed here
        one.measure: MeasureRule.model_construct(better=one.better, largest_drop=ANY_CHANGE, methods=names)
        for one, names in methods.items()
        if names
    }
    if not rules:
        raise NotJudgedError(f"{profile.name} and CLIP have measured no picture of one of the two")
    comparison = compare(_only(before, shared), _only(now, shared), Policy.model_construct(measures=rules))
    pairs, started = comparison.coverage.pairs, before.manifest.get("started_at")
    when = f", started {started}" if started else ""
    notes = [
        f"Compared with {earlier}{when}: {pairs:,} pairs of pictures of the same cell, prompt and seed, in {len(shared)} cells, both "
        f"judged by {profile.name}. Beyond noise: by a test that allows for all {len(comparison.findings)} comparisons at once (Holm), "
        f"at {comparison.alpha:g}."
    ]
    for run in runs:
        left = sorted(set(run.cells) - shared)
        if left:
            notes.append(f"Only in {run.run_id}: {', '.join(left)}.")
    return comparison, notes


def _methods(runs: Sequence[Run], subject: Subject) -> tuple[str, ...]:
    """Methods of which both runs have any number of a subject's measure: what nobody took is no gap of the others."""
    measure = WATCHED[subject.measure]
    rows = [run.table[measure.select(run.table)] for run in runs]
    found = [set(table.loc[table[measure.column].notna(), "method"]) for table in rows]
    return tuple(sorted(set.intersection(*found) - ({BASELINE} if subject.guided_alone else set())))


def _only(run: Run, cells: set[str]) -> Run:
    return replace(run, table=run.table[run.table["cell"].isin(cells)])
