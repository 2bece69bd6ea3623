"""Decides over a night whose run is in the lake."""

import datetime
from dataclasses import dataclass
from pathlib import Path

from safesweep.errors import InputError, NotJudgedError
from safesweep.lake.reader import run_files
from safesweep.lake.status import ANSWERED, REFUSED
from safesweep.lake.store import RunStore
from safesweep.regression.baselines import BaselineStore
from safesweep.regression.canary import Canary
from safesweep.regression.comparison import Comparison, compare
from safesweep.regression.content import content_digest
from safesweep.regression.drift import Drift, explain_drift
from safesweep.regression.night_measures import night_measures
from safesweep.regression.night_trends import night_trends
from safesweep.regression.nights import Night, NightStore, bad_nights_in_a_row, last_good
from safesweep.regression.policy import Policy
from safesweep.regression.trend import Trend
from safesweep.regression.trials import Run, load_run
from safesweep.regression.verdict import Verdict, worst


@dataclass(frozen=True)
class JudgedNight:
    """A night's record with the comparisons behind it."""

    night: Night
    against_reference: Comparison | None
    against_last_good: Comparison | None


def judge_night(
    lake: Path,
    policy: Policy,
    *,
    suite: str,
    run_id: str,
    date: datetime.date,
    canary: Canary | None = None,
    canary_error: str | None = None,
    run_error: str | None = None,
    seconds: float = 0.0,
) -> JudgedNight:
    """Decides over a night whose run is in the lake; nothing is written, and ``paged`` says whether somebody is to be called.

    The pinned baseline decides; without one, the last good night. The last good night, beside a baseline, can turn PASS into WARN,
    and so can a canary that moved. A night falls short with BLOCK or INCONCLUSIVE; before ``nights_in_a_row`` of them, BLOCK is
    softened to WARN. INCONCLUSIVE is not: what was not measured was not found good. Nor is a trend's BLOCK, which many nights made.

    Raises ``NotJudgedError``: the night is the suite's baseline, or the baseline was changed since it was pinned.

    Args:
        lake: the lake's folder.
        policy: what the night is held to.
        suite: whose nights these are.
        run_id: the night's run.
        date: the night's.
        canary: what was drawn before the run; None: it was not.
        canary_error: why it could not be drawn; None: it was, or was not to be.
        run_error: why the run did not end as planned; None: it did.
        seconds: that the night took.
    """
    nights = NightStore(lake, suite)
    earlier = nights.before(run_id, date)
    good = last_good(earlier)
    baseline = BaselineStore(lake).current(suite)
    if baseline and baseline.run_id == run_id:
        raise NotJudgedError(own_baseline(suite, run_id))
    reference = baseline.run_id if baseline else good.run_id if good else None
    reasons = [line for line in (run_error, canary_error) if line]
    tonight = _load(lake, run_id, reasons)
    content = content_digest(run_files(lake, run_id).complete) if tonight else None
    decided = beside = None
    finding = Verdict.INCONCLUSIVE
    if tonight is not None and reference is None:
        reasons.append(
            "there is neither a baseline nor a good night to compare with; look at this run, and if it is as it should be: "
            f"safesweep baseline pin {run_id} --suite {suite}"
        )
    if tonight is not None and reference is not None:
        unpinned = good if good and not baseline else None
        decided = _compare(lake, reference, tonight, policy, reasons, unpinned)
        if decided is not None:
            reasons += decided.reasons
            # What a run that broke off has left is not what it would have shown.
            finding = Verdict.INCONCLUSIVE if run_error else decided.verdict
        if good and good.run_id != reference:
            beside, finding = _beside(lake, good, tonight, policy, reasons, finding)
    if canary_error:
        finding = worst([finding, Verdict.WARN])
    drift = _drift(nights, earlier, reference, canary, policy)
    if drift and drift.kind != "none":
        reasons.append(f"canary: {drift.sentence}")
        finding = worst([finding, Verdict.WARN])
    changed = _changed(nights.recorded(run_id), content)
    if changed:
        reasons.append(changed)
        finding = worst([finding, Verdict.INCONCLUSIVE])
    measures = night_measures(tonight, policy, decided) if tonight else ()
    lines: tuple[Trend, ...] = ()
    if not run_error:
        lines = night_trends(earlier, measures, policy, reference=reference, pinned=baseline is not None)
    drifting = worst(line.verdict for line in lines if line.verdict is not Verdict.INCONCLUSIVE)
    reasons += [_said(line) for line in lines if line.verdict in (Verdict.BLOCK, Verdict.WARN)]
    finding = worst([finding, drifting])
    bad = bad_nights_in_a_row(earlier, finding)
    enough = bad >= policy.nights_in_a_row or drifting is Verdict.BLOCK
    verdict = finding if enough else _softened(finding, decided)
    if finding.short:
        reasons.append(f"bad night {bad} in a row; {policy.nights_in_a_row} page")
    manifest = RunStore(lake, run_id).manifest() or {}
    night = Night(
        suite=suite,
        run_id=run_id,
        date=date,
        finding=finding,
        verdict=verdict,
        paged=enough and finding.short,
        reasons=tuple(reasons),
        reference=reference,
        pinned=baseline is not None,
        content=content,
        last_good=good.run_id if good else None,
        expected=int(manifest.get("expected_trials", 0)),
        held=len(tonight.table) if tonight else 0,
        unscored=int((~tonight.table["status"].isin(ANSWERED)).sum()) if tonight else 0,
        refused=int((tonight.table["status"] == REFUSED).sum()) if tonight else 0,
        measures=measures,
        trends=lines,
        canary=canary,
        drift=drift,
        models=manifest.get("models", {}),
        versions=manifest.get("versions", {}),
        git_revision=manifest.get("git_revision", "unknown"),
        seconds=seconds,
    )
    return JudgedNight(night, decided, beside)


def _load(lake: Path, run_id: str, reasons: list[str]) -> Run | None:
    try:
        return load_run(lake, run_id)
    except InputError as error:
        reasons.append(str(error))
        return None


def own_baseline(suite: str, run_id: str) -> str:
    """Why a night that was pinned cannot be judged."""
    return (
        f"night {run_id!r} is the baseline of {suite!r}, and a run is always as good as itself; judge another night (--date), or pin "
        "another run first"
    )


def _compare(
    lake: Path, run_id: str, tonight: Run, policy: Policy, reasons: list[str], night: Night | None = None
) -> Comparison | None:
    """``night``: the record of the run that tonight is compared with, where it was a night."""
    try:
        if night is not None:
            _check_unchanged(lake, night)
        return compare(load_run(lake, run_id), tonight, policy)
    except InputError as error:
        reasons.append(f"{error}; if that is meant, pin a new baseline")
        return None


def _check_unchanged(lake: Path, night: Night) -> None:
    try:
        files = run_files(lake, night.run_id).complete
    except FileNotFoundError as error:
        raise NotJudgedError(str(error)) from error
    if night.content is not None and content_digest(files) != night.content:
        raise NotJudgedError(
            f"night {night.run_id!r} is not what was judged: its trials, pictures or evidence are others now"
        )


def _changed(before: Night | None, content: str | None) -> str | None:
    """What is wrong when a night is judged again with other content, though it was whole the first time."""
    whole = before is not None and before.content is not None and before.held >= before.expected
    if not whole or before is None or before.content == content:
        return None
    return f"night {before.run_id!r} was whole when it was judged as {before.finding}, and its trials, pictures or evidence are others now"


def _said(line: Trend) -> str:
    return f"trend of {line.measure} in {line.series}: {line.reason} ({line.rise:+.4g} over {line.nights} nights)"


def _beside(
    lake: Path, good: Night, tonight: Run, policy: Policy, reasons: list[str], finding: Verdict
) -> tuple[Comparison | None, Verdict]:
    """The last good night beside the baseline: it can warn, not block, for the baseline is what was agreed on."""
    try:
        _check_unchanged(lake, good)
    except NotJudgedError as error:
        reasons.append(str(error))
        return None, worst([finding, Verdict.WARN])
    told: list[str] = []
    found = _compare(lake, good.run_id, tonight, policy, told)
    if found is not None and found.verdict is Verdict.BLOCK and finding is not Verdict.BLOCK:
        reasons += [f"against the last good night {good.run_id}: {reason}" for reason in found.reasons]
        return found, worst([finding, Verdict.WARN])
    return found, finding


def _drift(
    nights: NightStore, earlier: list[Night], reference: str | None, canary: Canary | None, policy: Policy
) -> Drift | None:
    """Against the canary of the reference's own night, or where it has none, of the latest night that has."""
    drawn = [night for night in earlier if night.canary]
    if canary is None or not drawn:
        return None
    then = next((night for night in drawn if night.run_id == reference), drawn[-1])
    assert then.canary is not None
    return explain_drift(then.canary, canary, nights.folder, policy.canary.tolerance)


def _softened(finding: Verdict, decided: Comparison | None) -> Verdict:
    """A first bad night warns; but not where another critical measure could not be judged at all."""
    if finding is not Verdict.BLOCK or decided is None:
        return finding
    critical = [found.verdict for found in decided.findings if found.rule.level == "critical"]
    return Verdict.INCONCLUSIVE if Verdict.INCONCLUSIVE in critical else Verdict.WARN
