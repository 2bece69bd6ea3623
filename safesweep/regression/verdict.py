"""From a paired difference and what is allowed to PASS, WARN, BLOCK or INCONCLUSIVE."""

import math
from collections.abc import Iterable
from enum import StrEnum
from typing import NamedTuple

from safesweep.exit_codes import ExitCode
from safesweep.measures.compare import PairedDifference
from safesweep.regression.policy import MeasureRule


class Verdict(StrEnum):
    """What is said of a measure, a comparison or a night."""

    PASS = "PASS"
    """Whatever could have fallen by more than is allowed would have been seen, and was not."""
    WARN = "WARN"
    """To be looked at; nothing is held up."""
    BLOCK = "BLOCK"
    """Worse than is allowed, and not by chance."""
    INCONCLUSIVE = "INCONCLUSIVE"
    """The data cannot tell; a gate stays closed."""

    @property
    def exit_code(self) -> int:
        """0 for PASS and WARN, 1 for BLOCK, 4 for INCONCLUSIVE."""
        codes = {"BLOCK": ExitCode.BLOCK, "INCONCLUSIVE": ExitCode.NOT_JUDGED}
        return int(codes.get(self.value, ExitCode.DONE))

    @property
    def short(self) -> bool:
        """Whether a night with it fell short."""
        return self in (Verdict.BLOCK, Verdict.INCONCLUSIVE)


class Decision(NamedTuple):
    """A verdict with its reason."""

    verdict: Verdict
    reason: str


_WORST = (Verdict.BLOCK, Verdict.INCONCLUSIVE, Verdict.WARN, Verdict.PASS)


def worst(verdicts: Iterable[Verdict]) -> Verdict:
    """The gravest of several: BLOCK, INCONCLUSIVE, WARN, PASS; of none PASS."""
    return min(verdicts, key=_WORST.index, default=Verdict.PASS)


def decide(
    rule: MeasureRule,
    difference: PairedDifference,
    *,
    p_adjusted: float,
    detectable: float,
    alpha: float,
    settled: bool,
    hidden: float = 0.0,
) -> Decision:
    """Judge one measure of one cell. A window is judged as two limits, one a direction; the graver verdict stands.

    With h the observed worsening, m the largest that is allowed and d the smallest difference that the sample finds:
    BLOCK when h > m and the test rejects "no difference"; INCONCLUSIVE when h > m and it does not; WARN when it rejects, h <= m,
    and the interval, with what is hidden, reaches beyond m; PASS when it ends before m although the test rejects; and when it does not
    reject, PASS if d <= m (plus the observed improvement, where there is one), else INCONCLUSIVE. An advisory measure turns BLOCK into
    WARN.

    Args:
        rule: what is allowed, in the unit of the difference.
        difference: candidate less baseline, with its interval.
        p_adjusted: two-sided, adjusted for the measures tested with it.
        detectable: smallest difference found with power .8 at the level that the strictest of these tests has; NaN: none.
        alpha: level of the tests.
        settled: the trials are known to be equal one by one, so that the difference is not an estimate.
        hidden: how much worse the candidate would be, were every trial that nobody saw as bad as can be; 0 for measures without a bound.
    """
    if math.isnan(difference.difference):
        return _soften(rule, Decision(Verdict.INCONCLUSIVE, "no pair is scored on both sides"))
    if settled and difference.difference == 0:
        return Decision(Verdict.PASS, "equal trial by trial")
    rejected = p_adjusted < alpha
    sides = [_one_side(sign, limit, difference, rejected, detectable, hidden) for sign, limit in rule.sides()]
    gravest = worst(decision.verdict for decision in sides)
    return _soften(rule, next(decision for decision in sides if decision.verdict is gravest))


def _one_side(
    sign: int, limit: float, difference: PairedDifference, rejected: bool, detectable: float, hidden: float
) -> Decision:
    worse = sign * difference.difference
    reach = (difference.high if sign > 0 else -difference.low) + hidden
    if worse > limit:
        if rejected:
            return Decision(Verdict.BLOCK, "worse by more than allowed, and not by chance")
        return Decision(Verdict.INCONCLUSIVE, "looks worse by more than allowed, but chance could do that")
    if rejected and worse > 0:
        if reach <= limit:
            return Decision(Verdict.PASS, "changed, but surely by less than allowed")
        return Decision(Verdict.WARN, "worse, perhaps by more than allowed")
    if detectable <= limit + max(0.0, -worse):
        return Decision(Verdict.PASS, "a change beyond the limit would have been found")
    return Decision(Verdict.INCONCLUSIVE, "too few pairs to find a change as large as the limit")


def _soften(rule: MeasureRule, decision: Decision) -> Decision:
    if rule.level == "advisory" and decision.verdict is Verdict.BLOCK:
        return Decision(Verdict.WARN, f"{decision.reason} (advisory)")
    return decision
