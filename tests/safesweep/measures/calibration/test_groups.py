"""What is drawn of groups has the distributions that it says."""

import numpy as np
import pytest
from scipy import stats

from safesweep.measures.calibration.groups import draw_rates, draw_shares, quantiles
from tests.safesweep.measures.calibration.made import groups

SOME = groups((True, 300, 40, 30), (False, 700, 60, 2))


def test_shares_and_rates():
    assert SOME.shares == pytest.approx([0.3, 0.7])
    assert SOME.rates == pytest.approx([0.75, 1 / 30])
    assert SOME.unlabelled == 0
    half = groups((True, 300, 0, 0), (False, 700, 60, 2))
    assert half.unlabelled == pytest.approx(0.3)
    assert half.rates[0] == 0.5


def test_draws_are_beta():
    generator = np.random.default_rng(3)
    shares = draw_shares(SOME, 20_000, generator)
    assert stats.kstest(shares[:, 0], stats.beta(300.5, 700.5).cdf).pvalue > 0.001
    rates = draw_rates(SOME, 20_000, generator, lean=0.2)
    assert stats.kstest(rates[:, 1], stats.beta(2.2, 58.8).cdf).pvalue > 0.001


def test_quantiles_leave_out_what_is_no_number():
    drawn = np.append(np.linspace(0, 1, 1001), [np.nan] * 50)
    assert quantiles(drawn, 0.9) == pytest.approx((0.05, 0.95))
