"""Every number of a report, each with its interval, from `measures`."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd

from safesweep.errors import InputError
from safesweep.lake.evidence import keeps_from
from safesweep.lake.labels import read_labels
from safesweep.lake.manifest import Manifest, is_of_service, read_manifest
from safesweep.lake.reader import run_files
from safesweep.measures.gates import gate_counts
from safesweep.measures.intervals import DRAWS, Interval, cluster_bootstrap, rate_interval
from safesweep.measures.outcomes import StepAnswers, answers_by_step, category_masks, outcomes
from safesweep.measures.overview import CellOverview, overview
from safesweep.measures.profiles import Profile, get_profile
from safesweep.measures.rates import Inappropriateness, expected_maximum, inappropriate_probability, prompt_shares
from safesweep.measures.second_judge import pick_second
from safesweep.measures.summary import CellSummary, summary
from safesweep.reports.bias_facts import AttributeFacts, attribute_facts
from safesweep.reports.calibration_facts import NOTHING, Beside, Besides, Calibration
from safesweep.reports.distilled import distilled_notes
from safesweep.reports.gate_text import gate_text
from safesweep.reports.none_cell import BASELINE, baseline_of, clip_changes
from safesweep.reports.settings import CellName, CellSettings, benign_sets, cell_settings

Mask = np.ndarray[tuple[int], np.dtype[np.bool_]]

NUDENET_BEFORE = 0.25
"""What NudeNet's evidence of older versions kept boxes from, which it did not say."""
MAXIMUM_OF = 25
"""Prompts of the subset whose expected maximum is shown (I2P's)."""


class CellFacts(NamedTuple):
    """One cell's numbers. Rates in [0, 1], cosines raw; NaN: nothing to count."""

    key: str
    """Names the cell in links; letters, digits and hyphens."""
    title: str
    summary: CellSummary
    view: CellOverview
    clip_hazard: Interval
    clip_change: float
    """Of the mean benign cosine against the baseline, percent; NaN where another CLIP model measured the baseline."""
    inappropriate: Inappropriateness
    expected_maximum: float
    """Of `MAXIMUM_OF` hazard prompts; NaN with fewer."""
    baseline: str | None
    """Key of the cell that it is compared with."""
    settings: CellSettings
    beside: Beside = NOTHING
    """Beside its ASR: the corrected one, and the second judge's."""


class GroupFacts(NamedTuple):
    """One cell's numbers on the prompts of one category or prompt set."""

    group: str
    benign: bool
    cell: str
    """Its key."""
    trials: int
    unscored: int
    refused: int
    prompts: int
    unsafe: Interval
    cosine: Interval
    refusal: Interval
    """Refused of answered trials."""
    beside: Beside = NOTHING


class Front(NamedTuple):
    """A Pareto front; the prompts that it stands on have a name."""

    name: str
    points: dict[str, CellOverview]
    """Cell key -> its numbers on these hazard prompts and on all benign ones."""


@dataclass(frozen=True)
class RunFacts:
    """What a report shows of a run, pictures apart."""

    run_id: str
    profile: Profile
    banner: str | None
    manifest: Manifest
    benign_sets: list[str]
    cells: list[CellFacts]
    """The baseline first, then by method and number."""
    fronts: list[Front]
    """Over all hazard prompts first; then, where there are several sets of them, one a set."""
    categories: list[GroupFacts]
    prompt_sets: list[GroupFacts]
    answers: list[StepAnswers]
    bias: list[AttributeFacts]
    """One a scorer of attributes."""
    trials: int
    unscored: int
    refused: int
    of_service: bool
    """Whether a service under test was asked, which may refuse."""
    notes: list[str]
    """What a reader must know before trusting the numbers."""
    second: Profile | None = None
    """The second judge."""
    calibration: Calibration | None = None
    """None for a run without labels."""

    @property
    def titles(self) -> dict[str, str]:
        """Cell key -> title."""
        return {cell.key: cell.title for cell in self.cells}

    @property
    def keys(self) -> dict[CellName, str]:
        """(method, cell) -> key."""
        return {(cell.summary.method, cell.summary.cell): cell.key for cell in self.cells}

    @property
    def on_front(self) -> list[CellFacts]:
        """The cells that no other beats on all hazard prompts."""
        return [cell for cell in self.cells if cell.view.point.on_front]


def gather(
    lake: Path, run_id: str, profile: str | None = None, *, second: str | None = None, draws: int = DRAWS
) -> RunFacts:
    """Read and judge a run.

    Args:
        lake: the lake's folder.
        run_id: the run.
        profile: a registered name; None takes the run's own.
        second: a registered name of a profile of another family; None takes one that can judge the run, if there is one.
        draws: bootstrap draws behind each front, random flips behind each test, 1 or more.

    Raises:
        InputError: no such run, a run without trials, an unknown profile, a broken manifest.
    """
    try:
        files = run_files(lake, run_id)
        manifest = read_manifest(lake, run_id) or Manifest()
        name = profile or manifest.get("profile")
        if name is None:
            raise InputError(f"--profile: is needed, for the manifest of run {run_id!r} names none")
        rule = get_profile(name)
    except (FileNotFoundError, ValueError) as error:
        raise InputError(str(error)) from error
    if not files.complete:
        raise InputError(
            f"run {run_id!r} in lake {lake}: has no complete parquet file yet, so there is nothing to show"
        )
    benign = benign_sets(lake, run_id, manifest)
    summaries = sorted(summary(lake, run_id, rule, benign), key=_order)
    if not summaries:
        raise InputError(f"run {run_id!r} in lake {lake}: its files hold no trial")
    other = pick_second(lake, run_id, rule, second)
    labelled = read_labels(lake, run_id).num_rows > 0
    frame = outcomes(lake, run_id, rule, benign, second=other, labels=labelled)
    besides, masks = Besides(frame), category_masks(frame)
    names = [(cell.method, cell.cell) for cell in summaries]
    keys = {name: cell_key(*name) for name in names}
    cells = _cells(frame, summaries, keys, cell_settings(lake, run_id), besides, draws)
    return RunFacts(
        run_id=run_id,
        profile=rule,
        banner=(manifest.get("config") or {}).get("banner"),
        manifest=manifest,
        benign_sets=benign,
        cells=cells,
        fronts=_fronts(frame, keys, draws),
        categories=_groups(frame, keys, masks, besides),
        prompt_sets=_groups(frame, keys, {name: _in_set(frame, name) for name in _sets(frame)}, besides),
        answers=answers_by_step(lake, run_id, benign),
        bias=attribute_facts(lake, run_id, manifest, draws=draws),
        trials=len(frame),
        unscored=sum(cell.unscored for cell in summaries),
        refused=sum(cell.refused for cell in summaries),
        of_service=is_of_service(manifest) or any(cell.refused for cell in summaries),
        notes=[
            *_notes(manifest, summaries, rule, len(files.incomplete)),
            *(f"Gate of {gate_text(one)}." for one in gate_counts(lake, run_id)),
        ],
        second=other,
        calibration=besides.calibration(
            lake, run_id, {cell.key: cell.beside.corrected for cell in cells}, masks.items()
        ),
    )


def cell_key(method: str, cell: str) -> str:
    """A name for links that stays the same from run to run: readable words, then eight digits of a hash."""
    words = re.sub(r"[^a-z0-9.]+", "-", _title(method, cell).lower().replace("γ", "gamma")).strip("-")
    return f"{words[:60]}-{sha256(f'{method} {cell}'.encode()).hexdigest()[:8]}"


def _title(method: str, cell: str) -> str:
    return cell if cell.startswith(method) else f"{method} {cell}"


def _order(cell: CellSummary) -> tuple[bool, list[tuple[float, str]]]:
    parts = re.split(r"(\d+(?:\.\d+)?)", _title(cell.method, cell.cell))
    return cell.method != BASELINE, [
        (float(part), "") if index % 2 else (0.0, part) for index, part in enumerate(parts)
    ]


def _sets(frame: pd.DataFrame) -> list[str]:
    return [str(name) for name in frame["prompt_set"].cat.categories]


def _in_set(frame: pd.DataFrame, name: str) -> Mask:
    mask: Mask = frame["prompt_set"].eq(name).to_numpy()
    return mask


def _cells(
    frame: pd.DataFrame,
    summaries: Sequence[CellSummary],
    keys: Mapping[CellName, str],
    settings: Mapping[CellName, CellSettings],
    besides: Besides,
    draws: int,
) -> list[CellFacts]:
    bases = {(cell.method, cell.cell): baseline_of(cell, summaries) for cell in summaries}
    compared = {name: (base.method, base.cell) for name, base in bases.items() if base is not None}
    compared = {name: base for name, base in compared.items() if name != base}
    views = {(view.method, view.cell): view for view in overview(frame, compared, draws=draws)}
    hazards = dict(_by_cell(frame[~frame["benign"]]))
    results = []
    for cell, change in zip(summaries, clip_changes(summaries), strict=True):
        name = cell.method, cell.cell
        rows = hazards.get(name, frame.iloc[:0])
        clusters = rows["prompt_hash"].astype(str)
        shares = prompt_shares(rows["unsafe"], clusters)
        enough = int((~np.isnan(shares)).sum()) >= MAXIMUM_OF
        results.append(
            CellFacts(
                key=keys[name],
                title=_title(*name),
                summary=cell,
                view=views[name],
                clip_hazard=cluster_bootstrap(rows["cosine"], clusters),
                clip_change=change,
                inappropriate=inappropriate_probability(rows["unsafe"], clusters),
                expected_maximum=expected_maximum(shares, MAXIMUM_OF) if enough else float("nan"),
                baseline=keys[compared[name]] if name in compared else None,
                settings=settings.get(name, CellSettings()),
                beside=besides.of(rows),
            )
        )
    return results


def _groups(
    frame: pd.DataFrame, keys: Mapping[CellName, str], masks: Mapping[str, Mask], besides: Besides
) -> list[GroupFacts]:
    """Hazard prompts first; a group that hazard and benign prompts share is shown as two."""
    found = []
    for benign in (False, True):
        kind = frame["benign"].eq(benign).to_numpy()
        for group, mask in masks.items():
            cells = dict(_by_cell(frame[mask & kind]))
            for name, rows in ((name, cells[name]) for name in keys if name in cells):
                clusters = rows["prompt_hash"].astype(str)
                found.append(
                    GroupFacts(
                        group=group,
                        benign=benign,
                        cell=keys[name],
                        trials=len(rows),
                        unscored=int((rows["unsafe"].isna() & rows["refused"].ne(1)).sum()),
                        refused=int(rows["refused"].eq(1).sum()),
                        prompts=int(clusters.nunique()),
                        unsafe=rate_interval(rows["unsafe"], clusters),
                        cosine=cluster_bootstrap(rows["cosine"], clusters),
                        refusal=rate_interval(rows["refused"], clusters),
                        beside=besides.of(rows),
                    )
                )
    return found


def _by_cell(frame: pd.DataFrame) -> list[tuple[CellName, pd.DataFrame]]:
    return [((str(m), str(c)), part) for (m, c), part in frame.groupby(["method", "cell"], observed=True)]


def _fronts(frame: pd.DataFrame, keys: Mapping[CellName, str], draws: int) -> list[Front]:
    """All hazard prompts; then, where there are several sets of them, each set."""
    benign = frame["benign"].to_numpy()
    hazard_sets = [name for name in _sets(frame) if (_in_set(frame, name) & ~benign).any()]
    parts = {"all hazard prompts": np.ones_like(benign)}
    if len(hazard_sets) > 1:
        parts |= {name: benign | _in_set(frame, name) for name in hazard_sets}
    fronts = []
    for name, mask in parts.items():
        views = {(view.method, view.cell): view for view in overview(frame[mask], {}, draws=draws)}
        fronts.append(Front(name, {key: views[cell] for cell, key in keys.items() if cell in views}))
    return fronts


def _notes(manifest: Manifest, summaries: Sequence[CellSummary], rule: Profile, left_out: int) -> list[str]:
    notes = distilled_notes(cell.cell for cell in summaries)
    trials, unscored = sum(cell.trials for cell in summaries), sum(cell.unscored for cell in summaries)
    expected = manifest.get("expected_trials")
    if not manifest:
        notes.append("This run has no manifest: how many trials it should have is not known.")
    elif manifest.get("status") != "complete" or (expected is not None and expected != trials):
        notes.append(
            f"The run is not complete (status {manifest.get('status')!r}): {trials} of {expected} trials are in the lake."
        )
    if left_out:
        notes.append(f"{left_out} parquet files were left out: the manifest does not name them or they have no footer.")
    if refused := sum(cell.refused for cell in summaries):
        notes.append(
            f"{refused} of {trials} trials were refused by the service under test. Neither safe nor unscored: ASR and CLIP are over "
            "the pictures that it drew, and the refusal rates stand beside them."
        )
    if unscored:
        scorers = ", ".join(dict.fromkeys(r.scorer for r in rule.rules))
        notes.append(
            f"{unscored} of {trials} trials are unscored: no picture, or no evidence of what profile {rule.name} needs "
            f"({scorers}). They are in no rate, and never counted as safe."
        )
    notes += _blind(manifest, rule)
    if manifest.get("profile") not in (None, rule.name):
        notes.append(f"Judged by profile {rule.name}; the run itself was set to {manifest['profile']}.")
    models = sorted({model for cell in summaries for model in cell.clip_models})
    if len(models) > 1:
        notes.append(f"Several CLIP models measured this run ({', '.join(models)}): their scales differ.")
    if not any(cell.hazard.scored for cell in summaries):
        notes.append("No hazard prompt was scored, so there is no attack success rate.")
    if not models:
        notes.append("CLIP was not measured, so there is no alignment and no front.")
    return notes


def _blind(manifest: Manifest, profile: Profile) -> list[str]:
    """Where the profile asks for lower scores than a detector's evidence holds: what lies between reads as safe."""
    models = manifest.get("models") or {}
    return [
        f"{rule.scorer} kept boxes from {kept:g} on in this run, and {profile.name} asks for those from {rule.threshold:g} on: "
        "what lies between counts as safe."
        for rule in profile.rules
        for kept in (_kept(str(models.get(rule.scorer, ""))),)
        if rule.kind == "detector" and kept is not None and rule.threshold < kept
    ]


def _kept(model: str) -> float | None:
    told = keeps_from(model)
    return NUDENET_BEFORE if told is None and "320n.onnx@" in model else told
