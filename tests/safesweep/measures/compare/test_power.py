"""What could have been found."""

import math

import pytest
from scipy import stats

from safesweep.measures import compare


@pytest.mark.parametrize(("n", "psi", "delta"), [(8, 0.9, 0.9), (12, 0.6, 0.4), (40, 0.3, 0.2), (40, 0.3, -0.2)])
def test_power_equals_a_sum_over_every_table(n, psi, delta):
    p, q = (psi + delta) / 2, (psi - delta) / 2
    power = 0.0
    for b in range(n + 1):
        for c in range(n + 1 - b):
            if b + c and stats.binomtest(b, b + c).pvalue <= 0.05:
                power += stats.multinomial.pmf([b, c, n - b - c], n, [p, q, max(1 - psi, 0)])
    assert compare.mcnemar_power(n, psi, delta) == pytest.approx(power, abs=1e-9)


def test_detectable_difference():
    delta = compare.detectable_rate_difference(200, 0.2)
    assert compare.mcnemar_power(200, 0.2, delta) == pytest.approx(0.8, abs=1e-6)
    z = stats.norm.ppf([0.975, 0.8])
    # Connor's large-sample number of pairs for that difference is near, and below since the exact test is conservative.
    pairs = ((z[0] * math.sqrt(0.2) + z[1] * math.sqrt(0.2 - delta**2)) / delta) ** 2
    assert 160 < pairs <= 200


def test_detectable_difference_of_a_silent_sample():
    """Without discordant pairs, 100 pairs find no less than what gives six of them with power .8."""
    delta = compare.detectable_rate_difference(100, 0.0)
    assert stats.binom.sf(5, 100, delta) == pytest.approx(0.8, abs=1e-6)
    assert math.isnan(compare.detectable_rate_difference(5, 0.5))
    assert math.isnan(compare.detectable_rate_difference(0, 0.0))
    assert compare.detectable_rate_difference(6, 0.0) < 1
    # A few discordant pairs are as silent: what could be found takes more of them than were seen.
    assert compare.detectable_rate_difference(100, 0.03) == pytest.approx(delta)


def test_detectable_mean_difference():
    assert compare.detectable_mean_difference(2.0) == pytest.approx(2 * (1.959964 + 0.841621), rel=1e-6)
    assert math.isnan(compare.detectable_mean_difference(0.0))


def test_power_ranges():
    with pytest.raises(ValueError, match=r"difference 0\.3"):
        compare.mcnemar_power(10, 0.2, 0.3)
    with pytest.raises(ValueError, match=r"discordance 1\.2"):
        compare.detectable_rate_difference(10, 1.2)
