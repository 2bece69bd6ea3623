"""A night's own numbers: each watched measure in each cell, and what the gate allowed."""

import hashlib
import json
import math

from safesweep.files import finite
from safesweep.regression.comparison import Comparison, Finding
from safesweep.regression.nights import NightMeasure
from safesweep.regression.policy import Policy
from safesweep.regression.trials import Run
from safesweep.regression.watched import WATCHED, WatchedMeasure
from safesweep.regression.weights import version


def night_measures(run: Run, policy: Policy, comparison: Comparison | None) -> tuple[NightMeasure, ...]:
    """One row a measure of the policy and cell of the run, with what the gate says of it where the run was compared."""
    found: dict[tuple[str, str], Finding] = {}
    for finding in comparison.findings if comparison else ():
        found[finding.measure.name, finding.cells.candidate] = finding
    rows = []
    for name, rule in policy.measures.items():
        measure = WATCHED[name]
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
                instrument=_instrument(run, cell, measure),
            )
            rows.append(_with_gate(row, found.get((name, cell))))
    return tuple(rows)


def _instrument(run: Run, cell: str, measure: WatchedMeasure) -> str:
    table = run.table[run.table["cell"] == cell]
    table = table[measure.select(table)]
    what = {
        "profile": run.manifest["profile"],
        "scorers": {name: version(model) for name, model in sorted(run.scorers.items())},
        "prompts": sorted(map(str, table["source_sha256"].unique())),
        "cell": sorted(map(str, table["cell_json"].unique())),
    }
    return hashlib.sha256(json.dumps(what, sort_keys=True).encode()).hexdigest()[:16]


def _with_gate(row: NightMeasure, finding: Finding | None) -> NightMeasure:
    if finding is None:
        return row
    if row.value is None:  # a corrected rate, by the reference's labels
        row = row.model_copy(update={"value": finite(finding.candidate)})
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
