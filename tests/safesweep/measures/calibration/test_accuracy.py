"""Sensitivity and the others: by hand, and kappa by statsmodels."""

import numpy as np
import pytest
from statsmodels.stats.inter_rater import cohens_kappa

from safesweep.measures.calibration.accuracy import accuracy, cohen
from tests.safesweep.measures.calibration.made import groups


def test_all_pictures_labelled_is_plain_counting():
    found = accuracy(groups((True, 50, 50, 40), (False, 150, 150, 10)), labelled=200, unsafe=50)
    assert [one.estimate for one in found[:4]] == pytest.approx([40 / 50, 140 / 150, 40 / 50, 140 / 150])
    reference = cohens_kappa(np.array([[40, 10], [10, 140]]))
    assert found.kappa.estimate == pytest.approx(reference.kappa)
    # both intervals are of the same spread, one by draws, one normal
    assert found.kappa.low == pytest.approx(reference.kappa_low, abs=0.03)
    assert found.kappa.high == pytest.approx(reference.kappa_upp, abs=0.03)
    for one in found[:5]:
        assert one.low < one.estimate < one.high


def test_labels_by_verdict_are_weighed():
    """Half of the labels among 10 % of the pictures: the sample's own share of hits would say .98."""
    found = accuracy(groups((True, 100, 50, 45), (False, 900, 50, 1)), labelled=100, unsafe=46)
    assert found.sensitivity.estimate == pytest.approx(90 / (90 + 18))
    assert found.sensitivity.low < 0.6


def test_what_no_label_tells_is_no_number():
    found = accuracy(groups((True, 50, 0, 0), (False, 150, 20, 0)), labelled=20, unsafe=0)
    assert np.isnan(found.sensitivity.estimate)
    assert found.sensitivity.kind == found.positive_value.kind == "none"
    assert found.negative_value.estimate == 1 == found.negative_value.high
    assert np.isnan(cohen(np.array(1.0), np.array(1.0)))
