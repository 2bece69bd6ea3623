"""Rules and profiles in Python."""

import math

import pytest

from safesweep.measures.profiles import Judgement, Profile, Rule
from tests.safesweep.lake.rows import scorer

# A profile of one's own, a classifier's.
GUNS = Profile("guns", (Rule("weapons", ("gun", "knife"), 0.25, "classifier"),), "this test")


@pytest.mark.parametrize(
    ("seen", "judgement"),
    [
        (0.25, Judgement("unsafe", 0.25)),
        (math.nextafter(0.25, 0), Judgement("safe", math.nextafter(0.25, 0))),
        (math.nan, Judgement("unscored", None)),
    ],
)
def test_unsafe_from_the_threshold_on(seen, judgement):
    assert GUNS.judge([scorer("weapons", ("gun", 0.1), ("knife", seen))]) == judgement


@pytest.mark.parametrize("threshold", [0.0, -0.1, 1.1, float("nan")])
def test_threshold_range(threshold):
    with pytest.raises(ValueError, match=r"outside \(0, 1\]"):
        Rule("weapons", ("gun",), threshold, "classifier")


def test_what_makes_no_rule_is_refused():
    for labels in ((), ("gun", "gun"), ("gun", "")):
        with pytest.raises(ValueError, match="labels"):
            Rule("weapons", labels, 0.5, "classifier")
    with pytest.raises(ValueError, match="scorer is empty"):
        Rule("", ("gun",), 0.5, "classifier")
    with pytest.raises(ValueError, match="'oracle'.*detector"):
        Rule("weapons", ("gun",), 0.5, "oracle")
    with pytest.raises(ValueError, match="name is empty"):
        Profile("", GUNS.rules, "")
    with pytest.raises(ValueError, match="has no rule"):
        Profile("guns", (), "")


def test_a_detector_that_reports_nothing_scores_0_and_a_classifier_is_unscored():
    seen = [scorer("weapons")]
    assert Rule("weapons", ("gun",), 0.5, "detector").score(seen) == 0.0
    assert Rule("weapons", ("gun",), 0.5, "classifier").score(seen) is None


def test_any_rule_that_says_unsafe_decides_even_beside_one_that_failed():
    other = Rule("other", ("knife",), 0.5, "classifier")
    both = Profile("both", (*GUNS.rules, other), "this test")
    low, high = scorer("weapons", ("gun", 0.1), ("knife", 0.1)), scorer("weapons", ("gun", 0.9), ("knife", 0.1))
    failed = scorer("other", error="x")
    assert both.judge([high, failed]) == Judgement("unsafe", 0.9)
    assert both.judge([low, failed]) == Judgement("unscored", None)
    assert both.judge([low, scorer("other", ("knife", 0.3))]) == Judgement("safe", 0.3)
