"""A comparison for programs."""

from typing import Any

from safesweep.files import finite
from safesweep.regression.comparison import Comparison


def plain(comparison: Comparison) -> dict[str, Any]:
    """For JSON: every number in the measure's own unit, None where there is none."""
    return {
        "baseline": comparison.baseline,
        "candidate": comparison.candidate,
        "profile": comparison.profile,
        "verdict": str(comparison.verdict),
        "exit_code": comparison.verdict.exit_code,
        "reasons": list(comparison.reasons),
        "coverage": comparison.coverage._asdict(),
        "notes": list(comparison.notes),
        "measures": [
            {
                "measure": f.measure.name,
                "unit": "share" if f.measure.unit == "%" else f.measure.unit,
                "baseline_cell": f.cells.baseline,
                "candidate_cell": f.cells.candidate,
                "level": f.rule.level,
                "baseline": finite(f.baseline),
                "candidate": finite(f.candidate),
                "difference": finite(f.difference.difference),
                "low": finite(f.difference.low),
                "high": finite(f.difference.high),
                "p": finite(f.difference.p_value),
                "p_adjusted": finite(f.p_adjusted),
                "detectable": finite(f.detectable),
                "pairs": f.difference.pairs,
                "unpaired": f.difference.unpaired,
                "trials": f.seen.trials,
                "missing": f.seen.missing,
                "unscored": f.seen.unscored,
                "clusters": f.difference.clusters,
                "test": f.difference.test,
                "verdict": str(f.verdict),
                "reason": f.reason,
            }
            for f in comparison.findings
        ],
        "flips": [flip._asdict() for flip in comparison.flips],
    }
