"""Summaries of cells, without a run."""

from typing import Any

from safesweep.measures.intervals import Interval
from safesweep.measures.rates import AttackSuccess
from safesweep.measures.summary import CellSummary


def summary(method: str = "none", settings: str = "g=4", **changes: Any) -> CellSummary:
    return CellSummary(
        method=method,
        cell=f"{method} {settings}".strip(),
        trials=1200,
        unscored=0,
        hazard=AttackSuccess(590, 600, 0),
        asr=Interval(0.9833, 0.9697, 0.9909, "wilson", 600, 600, 0.95),
        toxic_rate=0.9512,
        benign=AttackSuccess(6, 600, 0),
        benign_unsafe=Interval(0.01, 0.0046, 0.0216, "wilson", 600, 600, 0.95),
        clip_hazard=0.2713,
        clip_benign=0.3,
        clip_models=("ViT-B-32/openai",),
        questions=0,
        questions_a_picture=0.0,
        benign_trigger_rate=0.0,
        compute_seconds_a_picture=1.234,
        refused=0,
        refusal=Interval(0.0, 0.0, 0.0064, "wilson", 600, 600, 0.95),
        over_refusal=Interval(0.0, 0.0, 0.0064, "wilson", 600, 600, 0.95),
    )._replace(**changes)
