"""Two runs, or two cells, trial by trial: differences, intervals, tests, flips, and the gate's verdict."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal, NamedTuple

import numpy as np
import pandas as pd

from safesweep.measures.compare import PairedDifference, detectable_mean_difference, detectable_rate_difference, holm
from safesweep.regression.comparable import CellPair, allowed_differences, check_comparable, pair_cells
from safesweep.regression.correction import Correction, corrected, find_correction
from safesweep.regression.coverage import (
    Coverage,
    Seen,
    join,
    measure_gaps,
    measure_trials,
    overall,
    refusal_gaps,
    run_gaps,
)
from safesweep.regression.doubts import doubts
from safesweep.regression.policy import MeasureRule, Policy
from safesweep.regression.sound import PAIR
from safesweep.regression.trials import Run
from safesweep.regression.verdict import Verdict, decide, worst
from safesweep.regression.watched import CORRECTED, WATCHED, WatchedMeasure


@dataclass(frozen=True)
class Finding:
    """One measure of one pair of cells."""

    cells: CellPair
    measure: WatchedMeasure
    rule: MeasureRule
    baseline: float
    """Mean over the pairs; likewise candidate. In the measure's own unit, as every number here."""
    candidate: float
    difference: PairedDifference
    """At level 1 - alpha."""
    p_adjusted: float
    """Holm over the measures of the same level (critical or advisory) in all pairs of cells."""
    detectable: float
    """Smallest difference found with power .8 at Holm's strictest level; NaN: none."""
    seen: Seen
    verdict: Verdict
    reason: str


class Flip(NamedTuple):
    """A trial whose verdict changed."""

    cell: str
    direction: Literal["safe → unsafe", "unsafe → safe"]
    prompt_set: str
    prompt_id: str
    prompt_hash: str
    seed: int
    baseline_trial: str
    candidate_trial: str


@dataclass(frozen=True)
class Comparison:
    """The whole comparison."""

    baseline: str
    candidate: str
    profile: str
    findings: tuple[Finding, ...]
    coverage: Coverage
    flips: tuple[Flip, ...]
    notes: tuple[str, ...]
    """What differs without hindering."""
    alpha: float
    verdict: Verdict
    reasons: tuple[str, ...]


def compare(baseline: Run, candidate: Run, policy: Policy) -> Comparison:
    """Compares trial by trial: same prompt, sample, seed and size. The candidate is what is judged.

    Raises ``NotJudgedError`` when the two are not comparable, saying what differs, and ``InputError`` for a name in ``policy.allow``
    that no cell has.
    """
    check_comparable(baseline, candidate)
    cells = pair_cells(baseline, candidate, policy.allow)
    wanted = CORRECTED in policy.measures
    correction = find_correction(baseline, candidate) if wanted else None
    if correction is not None:
        baseline, candidate = (corrected(run, correction) for run in (baseline, candidate))
    joined = {pair: join(baseline, candidate, pair) for pair in cells}
    coverage = overall(baseline, candidate, joined)
    findings = _findings(joined, policy, correction)
    gaps = [*_gaps(findings, coverage, policy), *refusal_gaps(joined, policy)]
    doubted = [line for table in joined.values() for line in doubts(baseline, candidate, table)]
    if wanted and correction is None:
        doubted.append(
            f"{CORRECTED}: neither {baseline.name} nor {candidate.name} has labels that tell the judge from a coin; "
            "safesweep label takes them"
        )
    if gaps or doubted:
        findings = [_doubted(finding) for finding in findings]
    verdict, reasons = _overall(findings, gaps)
    if doubted:
        verdict, reasons = worst([verdict, Verdict.INCONCLUSIVE]), [*doubted, *reasons]
    return Comparison(
        baseline=baseline.name,
        candidate=candidate.name,
        profile=candidate.manifest["profile"],
        findings=tuple(findings),
        coverage=coverage,
        flips=tuple(flip for pair, table in joined.items() for flip in _flips(pair, table)),
        notes=(*allowed_differences(baseline, candidate, cells), *_said(correction)),
        alpha=policy.alpha,
        verdict=verdict,
        reasons=tuple(reasons),
    )


def judge_pairs(joined: Mapping[CellPair, pd.DataFrame], policy: Policy) -> tuple[Verdict, list[Finding]]:
    """What pairs of cells that lack nothing come to; the tables are `coverage.join`'s."""
    findings = _findings(joined, policy)
    return _overall(findings, [])[0], findings


class _Test(NamedTuple):
    """A measure of a pair of cells before its family is known."""

    cells: CellPair
    measure: WatchedMeasure
    rule: MeasureRule
    before: "np.ndarray[Any, np.dtype[np.float64]]"
    after: "np.ndarray[Any, np.dtype[np.float64]]"
    clusters: "np.ndarray[Any, np.dtype[np.str_]]"
    seen: Seen
    settled: bool
    difference: PairedDifference


def _findings(
    joined: Mapping[CellPair, pd.DataFrame], policy: Policy, correction: Correction | None = None
) -> list[Finding]:
    findings = []
    for level in ("critical", "advisory"):
        rules = {name: rule for name, rule in policy.measures.items() if rule.level == level}
        tests = [
            test
            for pair, table in joined.items()
            for name, rule in rules.items()
            if rule.methods is None or pair.method in rule.methods
            for test in _test(pair, table, _measure(name, correction), rule, policy.alpha)
        ]
        adjusted = holm({str(index): test.difference.p_value for index, test in enumerate(tests)})
        strictest = policy.alpha / max(len(tests), 1)
        findings += [_finding(test, adjusted[str(index)], strictest, policy.alpha) for index, test in enumerate(tests)]
    return findings


def _measure(name: str, correction: Correction | None) -> WatchedMeasure:
    """As it is watched here: a corrected rate spans more than 1, and is no surer than the labels."""
    if name != CORRECTED or correction is None:
        return WATCHED[name]
    return replace(WATCHED[name], span=1 / correction.low, widened=correction.widened)


def _said(correction: Correction | None) -> list[str]:
    if correction is None:
        return []
    return [
        f"{CORRECTED}: by the labels of {correction.run_id}, sensitivity + specificity - 1 is {correction.informed:.2f} "
        f"({correction.low:.2f} to {correction.high:.2f})"
    ]


def _test(pair: CellPair, table: pd.DataFrame, measure: WatchedMeasure, rule: MeasureRule, alpha: float) -> list[_Test]:
    """The test, or none where the cells have no trials that it is about."""
    found = measure_trials(table, measure)
    if found is None:
        return []
    rows, before, after = found.rows, found.before, found.after
    clusters = rows["prompt_hash"].to_numpy(str)
    settled = False
    if measure.settled_by:
        ours, theirs = (rows[f"{measure.settled_by}_{side}"] for side in "ab")
        scored = ~np.isnan(before) & ~np.isnan(after)
        same = (ours.notna() & (ours == theirs)).to_numpy(bool) & (before == after)
        settled = bool(scored.any() and same[scored].all())
    difference = measure.difference(before, after, clusters, confidence=1 - alpha)
    return [_Test(pair, measure, rule, before, after, clusters, found.seen, settled, difference)]


def _finding(test: _Test, p_adjusted: float, strictest: float, alpha: float) -> Finding:
    there = ~np.isnan(test.before) & ~np.isnan(test.after)
    detectable = _detectable(test, alpha, strictest)
    decision = decide(
        test.rule,
        test.difference,
        p_adjusted=p_adjusted,
        detectable=detectable,
        alpha=alpha,
        settled=test.settled,
        hidden=test.seen.hidden_share * test.measure.span if test.measure.bounded else 0.0,
    )
    return Finding(
        cells=test.cells,
        measure=test.measure,
        rule=test.rule,
        baseline=float(test.before[there].mean()) if there.any() else math.nan,
        candidate=float(test.after[there].mean()) if there.any() else math.nan,
        difference=test.difference,
        p_adjusted=p_adjusted,
        detectable=detectable,
        seen=test.seen,
        verdict=decision.verdict,
        reason=decision.reason,
    )


def _detectable(test: _Test, alpha: float, level: float) -> float:
    """At Holm's strictest level: a fault in one measure alone must be found however the others come out."""
    found = test.difference
    if found.interval == "bootstrap" and not math.isnan(found.detectable):
        # Of a bootstrap only the quantile depends on the level.
        return (
            found.detectable
            * detectable_mean_difference(1.0, alpha=level)
            / detectable_mean_difference(1.0, alpha=alpha)
        )
    if math.isnan(found.detectable) and found.difference == 0 and math.isfinite(test.measure.span):
        # No pair differs, so there is no spread to reckon with; but a share of prompts this large that differ would have shown,
        # and none can differ by more than the measure spans.
        return test.measure.span * detectable_rate_difference(found.clusters, 0.0, alpha=level)
    return test.measure.difference(test.before, test.after, test.clusters, confidence=1 - level).detectable


def _gaps(findings: Sequence[Finding], coverage: Coverage, policy: Policy) -> list[str]:
    """What is missing beyond its share, of the run or of any critical measure; of an advisory one, trials that are not there at all."""
    gaps = run_gaps(coverage, policy)
    for finding in findings:
        name = f"{finding.measure.name} of {finding.cells.candidate}"
        critical = finding.rule.level == "critical"
        gaps += measure_gaps(name, finding.seen if critical else finding.seen._replace(unscored=0), policy)
    if not any(finding.rule.level == "critical" for finding in findings):
        gaps.append("no critical measure of the policy has trials in these cells")
    return gaps


def _doubted(finding: Finding) -> Finding:
    """With gaps nothing passes; what is bad already stays as it is."""
    if finding.verdict is not Verdict.PASS:
        return finding
    return replace(finding, verdict=Verdict.INCONCLUSIVE, reason=f"{finding.reason}, on the trials that are there")


def _overall(findings: Sequence[Finding], gaps: Sequence[str]) -> tuple[Verdict, list[str]]:
    """Fails closed: gaps outweigh what the rest shows. An advisory measure that cannot be judged is told in the table only."""
    counted = [f for f in findings if f.rule.level == "critical" or f.verdict is not Verdict.INCONCLUSIVE]
    told = [
        f"{finding.measure.name} of {finding.cells.candidate}: {finding.reason}"
        for finding in counted
        if finding.verdict is not Verdict.PASS and (not gaps or finding.verdict is not Verdict.INCONCLUSIVE)
    ]
    if gaps:
        return Verdict.INCONCLUSIVE, [*gaps, *(f"on the trials that are there: {line}" for line in told)]
    return worst(finding.verdict for finding in counted), told


def _flips(pair: CellPair, table: pd.DataFrame) -> list[Flip]:
    changed = table[(table["unsafe_a"] + table["unsafe_b"]) == 1]
    return [
        Flip(
            cell=pair.candidate,
            direction="safe → unsafe" if row["unsafe_b"] == 1 else "unsafe → safe",
            prompt_set=row["prompt_set"],
            prompt_id=row["prompt_id_a"],
            prompt_hash=row["prompt_hash"],
            seed=int(row["seed"]),
            baseline_trial=row["trial_id_a"],
            candidate_trial=row["trial_id_b"],
        )
        for row in changed.sort_values(["unsafe_b", *PAIR], ascending=[False] + [True] * len(PAIR)).to_dict("records")
    ]
