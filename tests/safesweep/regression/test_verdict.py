"""The gate's rule, measure by measure."""

import pytest

from safesweep.measures.compare import PairedDifference
from safesweep.regression.policy import MeasureRule
from safesweep.regression.verdict import Verdict, decide, worst

DROP = MeasureRule(better="lower", largest_drop=0.10)
RISE = MeasureRule(better="higher", largest_drop=0.10)
WINDOW = MeasureRule(window=(-0.10, 0.20))
NAN = float("nan")


def judge(rule, difference, low, high, p, detectable, settled=False):
    paired = PairedDifference(difference, low, high, p, detectable, 100, 0, 100, "exact McNemar", "bootstrap of rates")
    return decide(rule, paired, p_adjusted=p, detectable=detectable, alpha=0.05, settled=settled).verdict


@pytest.mark.parametrize(
    ("rule", "numbers", "verdict"),
    [
        # nothing seen: what decides is whether a fall of the allowed size would have been seen
        (DROP, (0.00, -0.05, 0.05, 1.0, 0.09), "PASS"),
        (DROP, (0.00, -0.05, 0.05, 1.0, 0.11), "INCONCLUSIVE"),
        (DROP, (0.00, 0.00, 0.00, 1.0, NAN), "INCONCLUSIVE"),
        (DROP, (0.02, -0.03, 0.07, 0.4, 0.09), "PASS"),
        # an improvement adds to the room
        (DROP, (-0.05, -0.12, 0.02, 0.2, 0.14), "PASS"),
        (DROP, (-0.30, -0.45, -0.15, 0.0, 0.25), "PASS"),
        # worse than allowed
        (DROP, (0.15, 0.06, 0.24, 0.001, 0.12), "BLOCK"),
        (DROP, (0.15, -0.02, 0.32, 0.08, 0.25), "INCONCLUSIVE"),
        # worse for certain, but not by more than allowed
        (DROP, (0.08, 0.03, 0.13, 0.002, 0.07), "WARN"),
        (DROP, (0.03, 0.01, 0.05, 0.002, 0.03), "PASS"),
        # the direction is the rule's
        (RISE, (0.15, 0.06, 0.24, 0.001, 0.12), "PASS"),
        (RISE, (-0.15, -0.24, -0.06, 0.001, 0.12), "BLOCK"),
        # a window has two bad directions, each with its own bound
        (WINDOW, (0.15, 0.14, 0.16, 0.001, 0.02), "PASS"),
        (WINDOW, (-0.15, -0.16, -0.14, 0.001, 0.02), "BLOCK"),
        (WINDOW, (0.25, 0.24, 0.26, 0.001, 0.02), "BLOCK"),
        (WINDOW, (0.00, -0.05, 0.05, 1.0, 0.15), "INCONCLUSIVE"),
        (WINDOW, (0.00, -0.05, 0.05, 1.0, 0.10), "PASS"),
        (DROP, (NAN, NAN, NAN, NAN, NAN), "INCONCLUSIVE"),
    ],
)
def test_the_rule(rule, numbers, verdict):
    assert judge(rule, *numbers) == verdict


def test_equal_trials_need_no_power_and_an_equal_mean_is_not_enough():
    assert judge(DROP, 0.0, -0.3, 0.3, 1.0, NAN, settled=True) == "PASS"
    assert judge(DROP, 0.0, -0.3, 0.3, 1.0, NAN) == "INCONCLUSIVE"


def test_an_advisory_measure_warns():
    advisory = DROP.model_copy(update={"level": "advisory"})
    assert judge(advisory, 0.15, 0.06, 0.24, 0.001, 0.12) == "WARN"
    assert judge(advisory, 0.0, -0.2, 0.2, 1.0, 0.4) == "INCONCLUSIVE"


def test_order_and_exit_codes():
    assert [v.exit_code for v in (Verdict.PASS, Verdict.WARN, Verdict.BLOCK, Verdict.INCONCLUSIVE)] == [0, 0, 1, 4]
    assert worst([Verdict.WARN, Verdict.INCONCLUSIVE, Verdict.PASS]) is Verdict.INCONCLUSIVE
    assert worst(Verdict) is Verdict.BLOCK and worst([]) is Verdict.PASS
