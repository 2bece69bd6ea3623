"""Slopes over nights: against scipy, their false alarms and their power."""

import numpy as np
import pytest
from scipy import stats

from safesweep.regression.policy import MeasureRule, Policy
from safesweep.regression.trend import Series, detectable_slope, fit_slope, trends
from safesweep.regression.verdict import Verdict

RULE = MeasureRule(better="lower", largest_drop=0.10)
POLICY = Policy(measures={"asr": RULE})


def judge(values, rule=RULE):
    [found] = trends([Series("asr", "dynamic", rule, tuple(values))], POLICY)
    return found


def test_the_slope_is_scipys():
    values = np.random.default_rng(0).normal(size=14)
    ours, theirs = fit_slope(values), stats.linregress(np.arange(14), values)
    assert (ours.slope, ours.error, ours.p_value) == pytest.approx((theirs.slope, theirs.stderr, theirs.pvalue))


def test_equal_nights_have_no_slope_and_a_straight_line_has_one_for_certain():
    assert fit_slope([0.1] * 9)[:3] == (0.0, pytest.approx(0, abs=1e-15), 1.0)
    assert fit_slope(np.arange(9.0)).p_value < 1e-12


@pytest.mark.parametrize(
    ("values", "verdict"),
    [
        (np.linspace(0.05, 0.16, 12), Verdict.BLOCK),
        (np.linspace(0.05, 0.11, 12), Verdict.WARN),
        (np.linspace(0.05, 0.06, 12), Verdict.PASS),
        (np.linspace(0.30, 0.05, 12), Verdict.PASS),
        ([0.05] * 11 + [0.35], Verdict.INCONCLUSIVE),
        ([0.05] * 12, Verdict.PASS),
    ],
)
def test_what_a_line_comes_to(values, verdict):
    found = judge(values)
    assert found.verdict is verdict, found


def test_an_advisory_measure_warns():
    advisory = RULE.model_copy(update={"level": "advisory"})
    assert judge(np.linspace(0.05, 0.3, 12), advisory).verdict is Verdict.WARN


def test_a_window_has_two_bad_directions():
    window = MeasureRule(window=(-0.1, 0.2))
    assert judge(np.linspace(0.30, 0.15, 12), window).verdict is Verdict.BLOCK
    assert judge(np.linspace(0.15, 0.30, 12), window).verdict is Verdict.WARN


def test_the_power_is_what_is_stated_and_false_alarms_are_rare():
    generator = np.random.default_rng(1)
    noise = generator.normal(0, 0.02, size=(4000, 12))
    found = [fit_slope(row) for row in noise]
    assert np.mean([one.p_value < 0.01 for one in found]) == pytest.approx(0.01, abs=0.005)
    slope = np.mean([detectable_slope(one, 0.01) for one in found])
    steep = [fit_slope(row + slope * np.arange(12)).p_value < 0.01 for row in noise]
    assert np.mean(steep) == pytest.approx(0.8, abs=0.05)
