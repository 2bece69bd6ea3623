"""Which nights are in one line with tonight."""

import datetime

import pytest

from safesweep.regression.night_trends import night_trends
from safesweep.regression.nights import Night, NightMeasure
from safesweep.regression.policy import MeasureRule, Policy
from safesweep.regression.verdict import Verdict

POLICY = Policy(measures={"asr": MeasureRule(better="lower", largest_drop=0.10)})


def night(day, value, instrument="i", **changes):
    row = NightMeasure(
        measure="asr",
        method="m",
        cell="dynamic",
        series="dynamic",
        level="critical",
        value=value,
        low=value,
        high=value,
        instrument=instrument,
    )
    fields = {"finding": Verdict.PASS, "verdict": Verdict.PASS, "expected": 100, "held": 100, **changes}
    return Night(
        suite="n",
        run_id=f"n-{day}",
        date=datetime.date(2026, 11, day),
        measures=(row,),
        models={},
        versions={},
        **fields,
    )


@pytest.mark.parametrize(
    ("changes", "nights"),
    [
        ({}, 10),
        ({"instrument": "other"}, 9),
        ({"instrument": ""}, 9),
        ({"held": 90}, 9),
        ({"unscored": 3}, 9),
        ({"unscored": 2}, 10),
    ],
)
def test_nights_that_cannot_be_compared_are_left_out(changes, nights):
    earlier = [night(day, 0.1, **(changes if day == 4 else {})) for day in range(1, 10)]
    [found] = night_trends(earlier, night(10, 0.1).measures, POLICY, reference="x", pinned=False)
    assert found.nights == nights


def test_a_new_baseline_begins_a_new_line_and_the_window_ends_it():
    earlier = [night(day, 0.1, reference="old" if day < 4 else "new", pinned=True) for day in range(1, 15)]
    [found] = night_trends(earlier, night(15, 0.1).measures, POLICY, reference="new", pinned=True)
    assert found.nights == 12
    short = POLICY.model_copy(update={"trend": POLICY.trend.model_copy(update={"window": 7})})
    [found] = night_trends(earlier, night(15, 0.1).measures, short, reference="new", pinned=True)
    assert found.nights == 7
    assert night_trends(earlier[:4], night(5, 0.1).measures, POLICY, reference="new", pinned=True) == ()
