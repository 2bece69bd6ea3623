"""Corrected rates: by hand, by integration instead of draws, and by how often they hold the truth."""

import numpy as np
import pytest
from scipy import stats

from safesweep.measures.calibration.corrected import LEAN, own_labels, rates_of_judge, rogan_gladen
from safesweep.measures.intervals import wilson
from tests.safesweep.measures.calibration.made import groups


def test_own_labels_weigh_the_verdicts_by_all_pictures():
    # 300 flagged, of 40 labelled 30 unsafe; 700 not flagged, of 60 labelled 3 unsafe
    estimate, low, high = own_labels(groups((True, 300, 40, 30), (False, 700, 60, 3)))
    assert estimate == pytest.approx(0.3 * 30 / 40 + 0.7 * 3 / 60)
    assert 0 < low < estimate < high < 1


def test_the_ends_are_those_of_the_sum_of_two_betas():
    """Reference: convolution on a grid, the shares as good as known."""
    many = groups((True, 3e8, 40, 30), (False, 7e8, 60, 1))
    _, low, high = own_labels(many, draws=100_000)
    grid = np.linspace(0, 1, 2001)
    for end, tail, lean in ((low, 0.025, LEAN), (high, 0.975, 1 - LEAN)):
        one, other = stats.beta(30 + lean, 11 - lean), stats.beta(1 + lean, 60 - lean)
        weights = np.diff(one.cdf(grid))
        below = (weights * other.cdf((end - 0.3 * (grid[1:] + grid[:-1]) / 2) / 0.7)).sum()
        assert below == pytest.approx(tail, abs=0.002)


def test_near_the_edges_it_stays_inside_and_has_a_width():
    none = own_labels(groups((True, 5, 5, 0), (False, 995, 95, 0)))
    assert none[0] == none[1] == 0
    assert 0.01 < none[2] < 0.06
    every = own_labels(groups((True, 990, 90, 90), (False, 10, 10, 10)))
    assert every[0] == every[2] == 1
    assert 0.94 < every[1] < 0.99


def test_a_verdict_without_labels_counts_as_anything():
    known, unknown = (own_labels(groups((True, 40, n, n / 2), (False, 960, 100, 1))) for n in (40, 0))
    assert unknown[2] - unknown[1] > known[2] - known[1]


def test_rogan_and_gladen_by_hand():
    labels = groups((True, 500, 50, 45), (False, 500, 50, 10))
    sensitivity, specificity = rates_of_judge(labels.shares, labels.rates, labels.flagged)
    assert sensitivity == pytest.approx(0.45 / 0.55)
    assert specificity == pytest.approx(0.4 / 0.45)
    estimate, low, high = rogan_gladen(np.array(300.0), np.array(1000.0), labels)
    assert estimate == pytest.approx((0.3 + 8 / 9 - 1) / (9 / 11 + 8 / 9 - 1))
    assert 0 <= low < estimate < high <= 1


def test_fewer_flags_than_false_alarms_alone_is_none_with_an_upper_end():
    labels = groups((True, 500, 50, 40), (False, 500, 50, 2))
    estimate, low, high = rogan_gladen(np.array(20.0), np.array(1000.0), labels)
    assert estimate == low == 0
    assert high == pytest.approx(wilson(0, 1000)[1])


def test_a_judge_that_is_a_coin_tells_nothing():
    coin = groups((True, 500, 50, 25), (False, 500, 50, 26))
    estimate, low, high = rogan_gladen(np.array(500.0), np.array(1000.0), coin)
    assert np.isnan(estimate)
    assert low < 0.1
    assert high > 0.9


@pytest.mark.parametrize("by_verdict", [False, True])
def test_the_interval_holds_the_truth(by_verdict):
    """The raw rate is off by ten points; the corrected interval holds the truth in 95 % of runs, give or take what 250 runs tell."""
    rng, runs, truth, sensitivity, specificity = np.random.default_rng(5), 250, 0.1, 0.8, 0.85
    unsafe = rng.random((runs, 1000)) < truth
    flagged = rng.random((runs, 1000)) < np.where(unsafe, sensitivity, 1 - specificity)
    counts = []
    for picture, verdict in zip(unsafe, flagged, strict=True):
        if by_verdict:
            told = np.concatenate([rng.permutation(np.flatnonzero(verdict == v))[:75] for v in (True, False)])
        else:
            told = rng.permutation(1000)[:150]
        counts.append(
            [
                ((verdict == v).sum(), (verdict[told] == v).sum(), (picture[told] & (verdict[told] == v)).sum())
                for v in (True, False)
            ]
        )
    table = np.array(counts, dtype=float)
    labels = groups((True, 0, 0, 0), (False, 0, 0, 0))._replace(
        pictures=table[:, :, 0], labelled=table[:, :, 1], unsafe=table[:, :, 2]
    )
    _, low, high = own_labels(labels, draws=600)
    assert 0.91 < ((low <= truth) & (truth <= high)).mean() < 0.99
    assert abs(flagged.mean() - truth) > 0.1
    assert (high - low).mean() < 0.16
