"""Two runs, or two cells, trial by trial: differences, intervals, tests, flips, and the gate's verdict."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal, NamedTuple

import numpy as np
import pandas as pd

from safesweep.measures.compare import PairedDifference, detectable_mean_difference, detectable_rate_difference, holm
from safesweep.regression.comparable import CellPair, allowed_differences, check_comparable, pair_cells
from safesweep.regression.policy import MeasureRule, Policy
from safesweep.regression.trials import PAIR, Run
from safesweep.regression.verdict import Verdict, decide, worst
from safesweep.regression.watched import WATCHED, WatchedMeasure


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
    verdict: Verdict
    reason: str


class Coverage(NamedTuple):
    """How much of what should have been compared was."""

    planned: int
    """Trials that the candidate's plan has (all cells)."""
    absent: int
    """Of them, not in its files."""
    trials: int
    """Prompts × samples × seeds that either side has, summed over the compared cells."""
    missing: int
    """Of them, those that only one side has."""
    pairs: int
    unscored: int
    """Pairs without a verdict on one side or both."""

    @property
    def missing_share(self) -> float:
        """The larger of the two shares that are not there."""
        return max(_share(self.absent, self.planned), _share(self.missing, self.trials))

    @property
    def unscored_share(self) -> float:
        """Of the pairs."""
        return _share(self.unscored, self.pairs)


def _share(part: int, whole: int) -> float:
    """Of nothing, all is missing."""
    return part / whole if whole else 1.0


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

    Raises ``InputError`` when the two are not comparable, saying what differs.
    """
    check_comparable(baseline, candidate)
    cells = pair_cells(baseline, candidate)
    joined = {pair: _join(baseline.table, candidate.table, pair) for pair in cells}
    coverage = _coverage(baseline, candidate, joined)
    findings = _findings(joined, policy)
    gaps = _gaps(findings, coverage, policy)
    if gaps:
        findings = [_doubted(finding) for finding in findings]
    verdict, reasons = _overall(findings, gaps)
    return Comparison(
        baseline=baseline.name,
        candidate=candidate.name,
        profile=candidate.manifest["profile"],
        findings=tuple(findings),
        coverage=coverage,
        flips=tuple(flip for pair, table in joined.items() for flip in _flips(pair, table)),
        notes=(*_renamed(cells), *allowed_differences(baseline, candidate)),
        alpha=policy.alpha,
        verdict=verdict,
        reasons=tuple(reasons),
    )


class _Test(NamedTuple):
    """A measure of a pair of cells before its family is known."""

    cells: CellPair
    measure: WatchedMeasure
    rule: MeasureRule
    before: "np.ndarray[Any, np.dtype[np.float64]]"
    after: "np.ndarray[Any, np.dtype[np.float64]]"
    clusters: "np.ndarray[Any, np.dtype[np.str_]]"
    settled: bool
    difference: PairedDifference


def _join(a: pd.DataFrame, b: pd.DataFrame, pair: CellPair) -> pd.DataFrame:
    """The trials of both cells side by side; columns end in _a and _b but for those of ``PAIR`` and benign."""
    ours, theirs = a[a["cell"] == pair.baseline], b[b["cell"] == pair.candidate]
    return ours.merge(theirs, on=[*PAIR, "benign"], how="outer", suffixes=("_a", "_b"), indicator="partner")


def _coverage(baseline: Run, candidate: Run, joined: dict[CellPair, pd.DataFrame]) -> Coverage:
    tables = pd.concat(joined.values())
    pairs = tables[tables["partner"] == "both"]
    planned = int(candidate.manifest.get("expected_trials", len(candidate.table)))
    held = int(candidate.manifest.get("held_trials", len(candidate.table)))
    held = len(candidate.table) if candidate.cell is None else held
    return Coverage(
        planned=planned,
        absent=max(planned - held, 0),
        trials=len(tables),
        missing=len(tables) - len(pairs),
        pairs=len(pairs),
        unscored=int(pairs[["unsafe_a", "unsafe_b"]].isna().any(axis=1).sum()),
    )


def _findings(joined: dict[CellPair, pd.DataFrame], policy: Policy) -> list[Finding]:
    findings = []
    for level in ("critical", "advisory"):
        rules = {name: rule for name, rule in policy.measures.items() if rule.level == level}
        tests = [
            test
            for pair, table in joined.items()
            for name, rule in rules.items()
            if rule.methods is None or pair.method in rule.methods
            for test in _test(pair, table, WATCHED[name], rule, policy.alpha)
        ]
        adjusted = holm({str(index): test.difference.p_value for index, test in enumerate(tests)})
        strictest = policy.alpha / max(len(tests), 1)
        findings += [_finding(test, adjusted[str(index)], strictest, policy.alpha) for index, test in enumerate(tests)]
    return findings


def _test(pair: CellPair, table: pd.DataFrame, measure: WatchedMeasure, rule: MeasureRule, alpha: float) -> list[_Test]:
    """The test, or none where neither side has such trials at all."""
    found = table[table["partner"] == "both"]
    both = found.rename(columns={"status_b": "status", "asked_b": "asked"})
    rows = found[measure.select(both).to_numpy(bool)]
    if rows.empty:
        return []
    before, after = (rows[f"{measure.column}_{side}"].to_numpy(np.float64) for side in "ab")
    clusters = rows["prompt_hash"].to_numpy(str)
    settled = False
    if measure.settled_by:
        ours, theirs = (rows[f"{measure.settled_by}_{side}"] for side in "ab")
        scored = ~np.isnan(before) & ~np.isnan(after)
        same = (ours.notna() & (ours == theirs)).to_numpy(bool) & (before == after)
        settled = bool(scored.any() and same[scored].all())
    difference = measure.difference(before, after, clusters, confidence=1 - alpha)
    return [_Test(pair, measure, rule, before, after, clusters, settled, difference)]


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
    """What is missing or unscored beyond its share: the rest may be a choice that chance did not make."""
    gaps = []
    if coverage.missing_share > policy.missing_limit:
        gaps.append(
            f"{coverage.missing_share:.1%} of the trials are missing ({coverage.absent} of {coverage.planned} planned, "
            f"{coverage.missing} of {coverage.trials} on one side only); allowed: missing_limit {policy.missing_limit:.1%}"
        )
    if coverage.unscored_share > policy.unscored_limit:
        gaps.append(
            f"{coverage.unscored_share:.1%} of the pairs are unscored ({coverage.unscored} of {coverage.pairs}); "
            f"allowed: unscored_limit {policy.unscored_limit:.1%}"
        )
    critical = [finding for finding in findings if finding.rule.level == "critical"]
    for finding in critical:
        unpaired, pairs = finding.difference.unpaired, finding.difference.pairs
        if unpaired > policy.unscored_limit * (pairs + unpaired):
            gaps.append(
                f"{finding.measure.name} of {finding.cells.candidate}: {unpaired} of {pairs + unpaired} pairs are unscored; "
                f"allowed: unscored_limit {policy.unscored_limit:.1%}"
            )
    if not critical:
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


def _renamed(cells: Sequence[CellPair]) -> list[str]:
    return [f"cell: {pair.baseline} → {pair.candidate}" for pair in cells if pair.baseline != pair.candidate]


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
