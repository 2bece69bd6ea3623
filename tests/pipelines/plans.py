"""A plan's rows and trials at once, which only a small plan has room for."""

from collections.abc import Iterable

from pipelines.plan import RunPlan
from pipelines.trial_names import Row
from safesweep.lake.trial_ids import TrialIds


def rows_of(plan: RunPlan) -> list[Row]:
    """Every row."""
    return list(plan.rows())


def ids_of(plan: RunPlan) -> set[str]:
    """Every trial."""
    return {trial for row in plan.rows() for trial in row["trial_ids"]}


def less(plan: RunPlan, made: Iterable[str]) -> RunPlan:
    """The plan without these trials."""
    return plan.without(TrialIds([list(made)]))
