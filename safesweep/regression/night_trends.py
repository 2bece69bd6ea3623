"""Which earlier nights tonight is in one line with."""

from collections.abc import Sequence

from safesweep.regression.nights import Night, NightMeasure
from safesweep.regression.policy import Policy
from safesweep.regression.trend import Series, Trend, trends


def night_trends(
    earlier: Sequence[Night], tonight: Sequence[NightMeasure], policy: Policy, *, reference: str | None, pinned: bool
) -> tuple[Trend, ...]:
    """The trends that end tonight, over the policy's window.

    Nights count that are whole and measured with the same instrument on the same prompts; under a baseline, those that were held to it,
    and its own: pinning anew says that a change was meant, and begins a new line.

    Args:
        earlier: in the order of their dates.
        tonight: tonight's measures.
        policy: what the nights are held to.
        reference: the run that decides tonight.
        pinned: whether it is a baseline.
    """
    whole = [night for night in earlier if _whole(night, policy)]
    if pinned:
        whole = [
            night for night in whole if night.run_id == reference or (night.pinned and night.reference == reference)
        ]
    series = []
    for row in tonight:
        if row.value is None:
            continue
        before = [value for night in whole if (value := _value(night, row)) is not None]
        values = (*before[-(policy.trend.window - 1) :], row.value) if policy.trend.window > 1 else (row.value,)
        series.append(Series(row.measure, row.series, policy.measures[row.measure], values))
    return trends(series, policy)


def _whole(night: Night, policy: Policy) -> bool:
    missing, unscored = night.expected - night.held, night.unscored
    return missing <= policy.missing_limit * night.expected and unscored <= policy.unscored_limit * night.expected


def _value(night: Night, tonight: NightMeasure) -> float | None:
    """An older record does not say what it was measured with, and is left out."""
    for row in night.measures:
        if (row.measure, row.series) == (
            tonight.measure,
            tonight.series,
        ) and row.instrument == tonight.instrument != "":
            return row.value
    return None
