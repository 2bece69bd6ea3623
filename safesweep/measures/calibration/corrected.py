"""The share of pictures that is truly unsafe, estimated from a judge's verdicts on all of them and labels of some.

Two designs, two estimators. Labels *of these very pictures*, drawn within the judge's verdicts or at random, say directly how many of
the pictures that the judge calls unsafe are (its positive predictive value) and how many of those that it calls safe are not; the
rate is their mean, weighted by how many pictures the judge calls what (Tenenbein 1970, JASA 65:1350; the stratified estimator of a
two-phase sample). It supposes nothing of the judge. Labels *of other pictures* say nothing of these predictive values, which hang
on how many unsafe pictures there are; they carry over sensitivity and specificity, if the judge errs alike in both places, and Rogan
and Gladen's estimator (1978, Am J Epidemiol 107:71) turns the raw rate into the true one.
"""

import numpy as np
from scipy.stats import norm  # type: ignore[import-untyped, unused-ignore]

from safesweep.measures.calibration.groups import DRAWS, PRIOR, Groups, draw_rates, draw_shares, quantiles
from safesweep.measures.intervals import CONFIDENCE
from safesweep.measures.resample import Floats

LEAN = 0.45
"""How far from Clopper and Pearson's (0) towards Jeffreys' (½) the ends of `own_labels` are drawn. Chosen by benchmarks/calibration.py."""

Ends = tuple[Floats, Floats, Floats]
"""Estimate, low and high, each (…)."""


def own_labels(groups: Groups, *, confidence: float = CONFIDENCE, draws: int = DRAWS, seed: int = 0) -> Ends:
    """The truly unsafe share of pictures that were labelled in part, at random within the groups.

    The interval is of draws of the groups' shares and of their unsafe rates (a generalised pivot: fiducial, not a normal
    approximation), so that it is within [0, 1], asymmetric near the edges, and never of width 0. A group without labels counts as anything
    between none and all.

    Args:
        groups: of these pictures.
        confidence: in (0, 1).
        draws, seed: how many, and of numpy's default generator.

    Returns:
        Estimate, low, high; low is 0 where no label says unsafe, high is 1 where all do.
    """
    generator = np.random.default_rng(seed)
    shares, rates = groups.shares, groups.rates
    estimate = (shares * rates).sum(axis=-1)
    drawn = draw_shares(groups, draws, generator)
    low, _ = quantiles((drawn * draw_rates(groups, draws, generator, LEAN)).sum(axis=-1), confidence)
    _, high = quantiles((drawn * draw_rates(groups, draws, generator, 1 - LEAN)).sum(axis=-1), confidence)
    none, every = groups.unsafe.sum(axis=-1) == 0, (groups.labelled - groups.unsafe).sum(axis=-1) == 0
    low, high = np.where(none, 0.0, low), np.where(every, 1.0, high)
    return estimate, np.fmin(low, estimate), np.fmax(high, estimate)


def rogan_gladen(
    flagged: Floats,
    pictures: Floats,
    labels: Groups,
    *,
    confidence: float = CONFIDENCE,
    draws: int = DRAWS,
    seed: int = 0,
) -> Ends:
    """The truly unsafe share of pictures of which none need be labelled, by the judge's sensitivity and specificity elsewhere.

    (q + specificity - 1) / (sensitivity + specificity - 1), held within [0, 1] in the estimate and in every draw, so that a raw
    rate below what false alarms alone give is 0 with an upper end (at least Wilson's of no unsafe picture among all). Where a draw's
    judge is no better than a coin, any rate is as likely.

    Args:
        flagged: (…) pictures that the judge calls unsafe, as many as are independent.
        pictures: (…) pictures that it judged, likewise.
        labels: the labelled pictures elsewhere.
        confidence, draws, seed: as in `own_labels`.

    Returns:
        Estimate, low, high; the estimate is NaN where the judge is not better than a coin.
    """
    generator = np.random.default_rng(seed)
    sensitivity, specificity = rates_of_judge(labels.shares, labels.rates, labels.flagged)
    raw = np.divide(flagged, pictures, out=np.full(np.shape(flagged), np.nan), where=pictures > 0)
    estimate = _invert(raw, sensitivity, specificity, np.full(np.shape(raw), np.nan))
    shares, rates = draw_shares(labels, draws, generator), draw_rates(labels, draws, generator)
    drawn_sensitivity, drawn_specificity = rates_of_judge(shares, rates, labels.flagged)
    size = drawn_sensitivity.shape
    ones, zeros = np.asarray(flagged)[..., None] + PRIOR, np.asarray(pictures - flagged)[..., None] + PRIOR
    raw_drawn = generator.beta(np.broadcast_to(ones, size), np.broadcast_to(zeros, size))
    anything = generator.random(size)
    low, high = quantiles(_invert(raw_drawn, drawn_sensitivity, drawn_specificity, anything), confidence)
    # To look at every picture and find none unsafe would not say more.
    least = 1 / (1 + np.asarray(pictures) / norm.ppf((1 + confidence) / 2) ** 2)
    low, high = np.minimum(low, 1 - least), np.maximum(high, least)
    return estimate, np.fmin(low, estimate), np.fmax(high, estimate)


def rates_of_judge(
    shares: Floats, rates: Floats, flagged: "np.ndarray[tuple[int], np.dtype[np.bool_]]"
) -> tuple[Floats, Floats]:
    """(…) sensitivity and specificity from (…, G) groups' shares and unsafe rates; NaN where nothing is unsafe, or nothing safe."""
    unsafe, safe = shares * rates, shares * (1 - rates)
    found = []
    for hit, total in ((unsafe[..., flagged], unsafe), (safe[..., ~flagged], safe)):
        whole = total.sum(axis=-1)
        found.append(np.divide(hit.sum(axis=-1), whole, out=np.full(whole.shape, np.nan), where=whole > 0))
    return found[0], found[1]


def _invert(raw: Floats, sensitivity: Floats, specificity: Floats, otherwise: Floats) -> Floats:
    informed = sensitivity + specificity - 1
    found = np.divide(raw + specificity - 1, informed, out=np.array(otherwise, dtype=np.float64), where=informed > 0)
    clipped: Floats = np.clip(found, 0.0, 1.0)
    return clipped
