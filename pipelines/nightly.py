"""One night: the canary, the run, the gate, the page, and the records that the next night reads."""

import datetime
import math
import time
import traceback
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console
from rich.text import Text

from pipelines.config import RunConfig
from pipelines.evaluation import check, evaluate
from pipelines.job import show_outcome
from pipelines.provenance import model_digests
from safesweep.errors import InputError
from safesweep.files import finite
from safesweep.lake.store import RunStore
from safesweep.models.checkpoint import digest
from safesweep.regression.baselines import BaselineStore
from safesweep.regression.canary import Canary, Drift, draw_canary, explain_drift
from safesweep.regression.comparison import Comparison, Finding, compare
from safesweep.regression.comparison_text import STYLES, render
from safesweep.regression.history_page import write_history
from safesweep.regression.measured import MEASURED
from safesweep.regression.nights import Night, NightMeasure, NightStore, bad_nights_in_a_row, last_good
from safesweep.regression.paging import page
from safesweep.regression.policy import Policy
from safesweep.regression.summary import summary_markdown
from safesweep.regression.trials import Run, load_run
from safesweep.regression.verdict import Verdict, worst
from safesweep.reports.write import write_report


@dataclass(frozen=True)
class Judged:
    """A night's record with the comparisons behind it."""

    night: Night
    against_reference: Comparison | None
    against_last_good: Comparison | None


def run_night(
    config: RunConfig, policy: Policy, *, suite: str, run_id: str, date: datetime.date, out: Path, console: Console
) -> int:
    """Runs the preset, judges it, writes everything, pages when the policy says so; returns the gate's exit code.

    An error while the canary is drawn or the run is under way does not end the night without a record: the night is INCONCLUSIVE.
    Raises ``InputError`` for what a user can mend before anything is computed, and when another process holds the suite.
    """
    config = config.model_copy(update={"run_id": run_id})
    plan, store = check(config)
    BaselineStore(config.lake).current(suite)
    started = time.monotonic()
    nights = NightStore(config.lake, suite)
    with nights.lock(run_id):
        canary, canary_error, run_error = None, None, None
        if policy.canary.enabled:
            console.print("drawing the canary")
            try:
                canary = draw_canary(config, policy.canary, nights.folder, run_id)
            except Exception as error:  # whatever broke it is a finding of this night
                canary_error = _failure("the canary could not be drawn", error)
        try:
            show_outcome(config, evaluate(config, plan, store, console), console)
        except InputError:
            raise
        except Exception as error:  # likewise
            run_error = _failure("the run did not end", error)
        run_error = run_error or exchanged_models(config)
        judged = judge_night(
            config.lake,
            policy,
            suite=suite,
            run_id=run_id,
            date=date,
            canary=canary,
            canary_error=canary_error,
            run_error=run_error,
            seconds=time.monotonic() - started,
        )
        publish(judged, config.lake, nights, out, console, banner=config.banner)
    return judged.night.verdict.exit_code


def exchanged_models(config: RunConfig) -> str | None:
    """What is wrong when the models' files are no longer those that the run's manifest names: some pictures were made with others."""
    manifest = RunStore(config.lake, config.run_id or "").manifest()
    digest.cache_clear()
    there = model_digests(config)
    named = manifest["models"] if manifest else there
    changed = [
        f"{role} {named[role]} → {there[role]}" for role in there if role in named and named[role] != there[role]
    ]
    return f"models were exchanged while the run was under way: {'; '.join(changed)}" if changed else None


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
) -> Judged:
    """Decides over a night whose run is in the lake, pages if the policy says so, and puts the night on record.

    The pinned baseline decides; without one, the last good night. The last good night, beside a baseline, can turn PASS into WARN,
    and so can a canary that moved. A night falls short with BLOCK or INCONCLUSIVE; before ``nights_in_a_row`` of them, BLOCK is
    softened to WARN. INCONCLUSIVE is not: what was not measured was not found good.
    """
    nights = NightStore(lake, suite)
    earlier = nights.before(run_id, date)
    good = last_good(earlier)
    baseline = BaselineStore(lake).current(suite)
    reference = baseline.run_id if baseline else good.run_id if good else None
    reasons = [line for line in (run_error, canary_error) if line]
    tonight = _load(lake, run_id, reasons)
    decided = beside = None
    finding = Verdict.INCONCLUSIVE
    if tonight is not None and reference is None:
        reasons.append(
            "there is neither a baseline nor a good night to compare with; look at this run, and if it is as it should be: "
            f"jobs/baseline.py pin {run_id} --suite {suite}"
        )
    if tonight is not None and reference is not None:
        decided = _compare(lake, reference, tonight, policy, reasons)
        if decided is not None:
            reasons += decided.reasons
            # What a run that broke off has left is not what it would have shown.
            finding = Verdict.INCONCLUSIVE if run_error else decided.verdict
        if good and good.run_id != reference:
            beside, finding = _beside(lake, good.run_id, tonight, policy, reasons, finding)
    if canary_error:
        finding = worst([finding, Verdict.WARN])
    drift = _drift(nights, earlier, reference, canary, policy)
    if drift and drift.kind != "none":
        reasons.append(f"canary: {drift.sentence}")
        finding = worst([finding, Verdict.WARN])
    bad = bad_nights_in_a_row(earlier, finding)
    enough = bad >= policy.nights_in_a_row
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
        reasons=tuple(reasons),
        reference=reference,
        last_good=good.run_id if good else None,
        expected=int(manifest.get("expected_trials", 0)),
        held=len(tonight.table) if tonight else 0,
        unscored=int((tonight.table["status"] != "ok").sum()) if tonight else 0,
        measures=_measures(tonight, policy, decided) if tonight else (),
        canary=canary,
        drift=drift,
        models=manifest.get("models", {}),
        versions=manifest.get("versions", {}),
        git_revision=manifest.get("git_revision", "unknown"),
        seconds=seconds,
    )
    night = _page(night, nights, policy, enough and finding.short)
    nights.write(night)
    return Judged(night, decided, beside)


def publish(
    judged: Judged,
    lake: Path,
    nights: NightStore,
    out: Path,
    console: Console,
    *,
    banner: str | None = None,
    report: bool = True,
) -> None:
    """Writes summary, history page and (unless ``report`` is false) the run's report, and prints what came of the night."""
    night = judged.night
    out.mkdir(parents=True, exist_ok=True)
    summary = out / "summary.md"
    summary.write_text(summary_markdown(night, judged.against_reference, judged.against_last_good, banner=banner))
    history = write_history(nights.all(), nights.folder / "history.html", banner=banner)
    if judged.against_reference:
        console.print(render(judged.against_reference))
    if report and night.held:
        console.print(Text(_report(lake, night.run_id, out / "report.html")), soft_wrap=True)
    console.print(f"summary   {summary}\nhistory   {history}\nrecord    {nights.path(night.run_id)}", soft_wrap=True)
    for reason in night.reasons:
        console.print(Text(f"          {reason}"), soft_wrap=True)
    if night.paged:
        console.print(Text(f"PAGE      {night.suite}: {night.finding}", style="bold red"), soft_wrap=True)
    if night.page_error:
        console.print(Text(f"error: the page did not go out: {night.page_error}", style="bold red"), soft_wrap=True)
    console.print(
        Text.assemble("night     ", (str(night.verdict), STYLES[night.verdict]), f"  {night.run_id}"), soft_wrap=True
    )


def _report(lake: Path, run_id: str, file: Path) -> str:
    try:
        return f"report    {write_report(lake, run_id, out=file).page}"
    except Exception as error:  # the verdict stands without its picture book
        return _failure("the report could not be written", error)


def _failure(what: str, error: Exception) -> str:
    traceback.print_exception(error)
    return f"{what}: {type(error).__name__}: {' '.join(str(error).split())[:300]}"


def _load(lake: Path, run_id: str, reasons: list[str]) -> Run | None:
    try:
        return load_run(lake, run_id)
    except InputError as error:
        reasons.append(str(error))
        return None


def _compare(lake: Path, run_id: str, tonight: Run, policy: Policy, reasons: list[str]) -> Comparison | None:
    try:
        return compare(load_run(lake, run_id), tonight, policy)
    except InputError as error:
        reasons.append(f"{error}; if that is meant, pin a new baseline")
        return None


def _beside(
    lake: Path, run_id: str, tonight: Run, policy: Policy, reasons: list[str], finding: Verdict
) -> tuple[Comparison | None, Verdict]:
    """The last good night beside the baseline: it can warn, not block, for the baseline is what was agreed on."""
    told: list[str] = []
    found = _compare(lake, run_id, tonight, policy, told)
    if found is not None and found.verdict is Verdict.BLOCK and finding is not Verdict.BLOCK:
        reasons += [f"against the last good night {run_id}: {reason}" for reason in found.reasons]
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


def _measures(run: Run, policy: Policy, comparison: Comparison | None) -> tuple[NightMeasure, ...]:
    found: dict[tuple[str, str], Finding] = {}
    for finding in comparison.findings if comparison else ():
        found[finding.measure.name, finding.cells.candidate] = finding
    rows = []
    for name, rule in policy.measures.items():
        measure = MEASURED[name]
        for cell, method in run.cells.items():
            table = run.table[run.table["cell"] == cell]
            if (rule.methods is not None and method not in rule.methods) or not measure.select(table).any():
                continue
            interval = measure.interval(table)
            row = NightMeasure(
                measure=name,
                method=method,
                cell=cell,
                series=cell,
                level=rule.level,
                value=finite(interval.estimate),
                low=finite(interval.low),
                high=finite(interval.high),
            )
            rows.append(_with_gate(row, found.get((name, cell))))
    return tuple(rows)


def _with_gate(row: NightMeasure, finding: Finding | None) -> NightMeasure:
    if finding is None:
        return row
    limits = {sign: finding.baseline + sign * limit for sign, limit in finding.rule.sides()}
    gate = {
        "series": finding.cells.baseline,
        "lowest": finite(limits.get(-1, math.nan)),
        "highest": finite(limits.get(1, math.nan)),
        "difference": finite(finding.difference.difference),
        "verdict": finding.verdict,
        "reason": finding.reason,
    }
    return row.model_copy(update=gate)


def _page(night: Night, nights: NightStore, policy: Policy, due: bool) -> Night:
    """Pages once a night, however often the night is judged again."""
    path = nights.path(night.run_id)
    if not due or (path.exists() and Night.model_validate_json(path.read_text()).paged):
        return night.model_copy(update={"paged": due})
    message = {
        "suite": night.suite,
        "run_id": night.run_id,
        "date": str(night.date),
        "verdict": str(night.verdict),
        "reasons": list(night.reasons),
        "reference": night.reference,
        "drift": night.drift.kind if night.drift else None,
    }
    errors = page(policy.page, message)
    return night.model_copy(update={"paged": True, "page_error": "; ".join(errors) or None})
