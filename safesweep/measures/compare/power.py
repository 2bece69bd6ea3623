"""What a sample could have found: power, and the smallest difference that it finds."""

import numpy as np
from scipy import optimize, stats  # type: ignore[import-untyped, unused-ignore]

NAN = float("nan")
POWER = 0.8


def mcnemar_power(pairs: int, discordance: float, difference: float, alpha: float = 0.05) -> float:
    """Return the exact power of the exact McNemar test.

    With D ~ Binomial(n, psi) discordant pairs and X ~ Binomial(D, (psi + delta) / (2 psi)) of them one way, the test
    rejects when X <= c(D) or D - X <= c(D), with c(D) the largest c for which 2 P(Binomial(D, 1/2) <= c) <= alpha. Power
    is the expectation over D of that probability (the exact form of Connor 1987, Biometrics 43:207).

    Args:
        pairs: n, 0 or more.
        discordance: psi in [0, 1], the share of discordant pairs.
        difference: delta with |delta| <= psi.
        alpha: level of the test in (0, 1).

    Raises:
        ValueError: a value outside these ranges.
    """
    if pairs < 0 or not 0 <= discordance <= 1 or abs(difference) > discordance or not 0 < alpha < 1:
        raise ValueError(
            f"pairs {pairs}, discordance {discordance}, difference {difference}, alpha {alpha}: allowed are pairs >= 0, "
            "discordance in [0, 1], |difference| <= discordance, alpha in (0, 1)"
        )
    if discordance == 0:
        return 0.0
    # All but 1e-12 of the distribution of D.
    first, last = stats.binom.ppf([5e-13, 1 - 5e-13], pairs, discordance)
    d = np.arange(max(first, 0), last + 1)
    critical = stats.binom.ppf(alpha / 2, d, 0.5)
    critical -= stats.binom.cdf(critical, d, 0.5) > alpha / 2
    one_way = (discordance + difference) / (2 * discordance)
    reject = stats.binom.cdf(critical, d, one_way) + stats.binom.cdf(critical, d, 1 - one_way)
    return float(stats.binom.pmf(d, pairs, discordance) @ reject)


def detectable_rate_difference(pairs: int, discordance: float, *, alpha: float = 0.05, power: float = POWER) -> float:
    """Return the smallest difference of paired rates that the exact McNemar test finds with this power.

    The least delta with `mcnemar_power(pairs, max(discordance, delta), delta, alpha)` >= power: a difference of delta
    takes discordant pairs of at least delta, so a sample without any is not taken to detect everything.

    Args:
        pairs: number of pairs, 0 or more.
        discordance: observed share of discordant pairs, in [0, 1].
        alpha: level of the test.
        power: in (0, 1).

    Returns:
        In (0, 1]; NaN when the sample is too small to find any difference (5 pairs or fewer at .05).

    Raises:
        ValueError: discordance or alpha outside its range.
    """
    if not 0 <= discordance <= 1 or not 0 < alpha < 1:
        raise ValueError(f"discordance {discordance}, alpha {alpha}: allowed are [0, 1] and (0, 1)")

    def lack(delta: float) -> float:
        return mcnemar_power(pairs, max(discordance, delta), delta, alpha) - power

    return float(optimize.brentq(lack, 1e-12, 1.0, xtol=1e-9)) if lack(1.0) >= 0 else NAN


def detectable_mean_difference(standard_error: float, *, alpha: float = 0.05, power: float = POWER) -> float:
    """Return (z(1 - alpha/2) + z(power)) · standard error, in its unit: the usual large-sample formula.

    A standard error of 0 gives NaN: pairs that are all alike say nothing about the spread.
    """
    factor = float(stats.norm.ppf(1 - alpha / 2) + stats.norm.ppf(power))
    return factor * standard_error if standard_error > 0 else NAN
