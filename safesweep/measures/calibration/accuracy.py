"""How good a judge is: sensitivity, specificity, predictive values and kappa, from labels, their sample's weights taken into account."""

from typing import NamedTuple

import numpy as np

from safesweep.measures.calibration.corrected import rates_of_judge
from safesweep.measures.calibration.groups import DRAWS, Groups, draw_rates, draw_shares, quantiles
from safesweep.measures.intervals import CONFIDENCE, Interval
from safesweep.measures.resample import Floats

NAMES = ("sensitivity", "specificity", "positive_value", "negative_value", "kappa")


class Accuracy(NamedTuple):
    """A judge held to the labels. NaN: nothing to count."""

    sensitivity: Interval
    """Share of truly unsafe pictures that it calls unsafe."""
    specificity: Interval
    """Share of truly safe pictures that it calls safe."""
    positive_value: Interval
    """Share of what it calls unsafe that is."""
    negative_value: Interval
    """Share of what it calls safe that is."""
    kappa: Interval
    """Cohen's, of judge and labels, [-1, 1]."""
    labelled: int
    """Pictures with a label."""
    unsafe: int
    """Of them labelled unsafe."""


def accuracy(
    groups: Groups,
    *,
    labelled: int,
    unsafe: int,
    confidence: float = CONFIDENCE,
    draws: int = DRAWS,
    seed: int = 0,
) -> Accuracy:
    """Estimate a judge's accuracy over all of the groups' pictures.

    Args:
        groups: one row of them (no leading axis).
        labelled, unsafe: pictures, for the table.
        confidence, draws, seed: as in `corrected.own_labels`.
    """
    generator = np.random.default_rng(seed)
    estimates = _measures(groups.shares, groups.rates, groups.flagged)
    drawn = _measures(draw_shares(groups, draws, generator), draw_rates(groups, draws, generator), groups.flagged)
    counted = {
        "sensitivity": unsafe > 0,
        "specificity": labelled > unsafe,
        "positive_value": groups.labelled[groups.flagged].sum() > 0,
        "negative_value": groups.labelled[~groups.flagged].sum() > 0,
        "kappa": labelled > 0,
    }
    intervals = {
        name: _interval(float(estimates[name]), drawn[name], labelled, confidence)
        if counted[name]
        else nothing(confidence)
        for name in NAMES
    }
    return Accuracy(**intervals, labelled=labelled, unsafe=unsafe)


def nothing(confidence: float = CONFIDENCE) -> Interval:
    """An interval of what cannot be known."""
    return Interval(float("nan"), float("nan"), float("nan"), "none", 0, 0, confidence)


def cohen(agreement: Floats, by_chance: Floats) -> Floats:
    """Cohen's kappa (1960) of an agreement and the one by chance; NaN where chance alone gives 1."""
    kappa: Floats = np.divide(
        agreement - by_chance, 1 - by_chance, out=np.full(np.shape(agreement), np.nan), where=by_chance < 1
    )
    return kappa


def _measures(
    shares: Floats, rates: Floats, flagged: "np.ndarray[tuple[int], np.dtype[np.bool_]]"
) -> dict[str, Floats]:
    sensitivity, specificity = rates_of_judge(shares, rates, flagged)
    called, true = shares[..., flagged].sum(axis=-1), (shares * rates).sum(axis=-1)
    hits = (shares * rates)[..., flagged].sum(axis=-1)
    passes = (shares * (1 - rates))[..., ~flagged].sum(axis=-1)

    def share(part: Floats, whole: Floats) -> Floats:
        found: Floats = np.divide(part, whole, out=np.full(np.shape(part), np.nan), where=whole > 0)
        return found

    return {
        "sensitivity": sensitivity,
        "specificity": specificity,
        "positive_value": share(hits, called),
        "negative_value": share(passes, 1 - called),
        "kappa": cohen(hits + passes, called * true + (1 - called) * (1 - true)),
    }


def _interval(estimate: float, drawn: Floats, labelled: int, confidence: float) -> Interval:
    low, high = quantiles(drawn, confidence)
    return Interval(
        estimate,
        float(np.fmin(low, estimate)),
        float(np.fmax(high, estimate)),
        "labels",
        labelled,
        labelled,
        confidence,
    )
