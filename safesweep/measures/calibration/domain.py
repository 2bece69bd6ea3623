"""One part of a run (a cell, a category, all of it) under one judge: the raw rate, the corrected ones, and how good the judge is."""

from typing import NamedTuple

import numpy as np
import pandas as pd

from safesweep.measures.calibration.accuracy import Accuracy, accuracy, nothing
from safesweep.measures.calibration.corrected import Ends, own_labels, rogan_gladen
from safesweep.measures.calibration.effective import effective_number
from safesweep.measures.calibration.groups import Groups
from safesweep.measures.intervals import Interval, rate_interval

MOST_UNLABELLED = 0.05
"""Share of a part's pictures whose verdict may lack a label while the part's own labels are still taken for its rate."""


class Domain(NamedTuple):
    """A part of a run's hazard pictures. Rates in [0, 1]; NaN: nothing to count."""

    raw: Interval
    """Share that the judge calls unsafe."""
    own: Interval
    """Share that is, by labels of these very pictures; NaN where the labels leave out a verdict of the judge."""
    carried: Interval
    """The same by the judge's sensitivity and specificity in the whole run (Rogan and Gladen)."""
    accuracy: Accuracy
    unsure: int
    """Pictures whose labellers could not tell, or contradict each other; in no rate."""

    @property
    def corrected(self) -> Interval:
        """By own labels where there are enough, which supposes nothing; else carried over."""
        return self.carried if np.isnan(self.own.estimate) else self.own


def make_groups(rows: pd.DataFrame, verdict: str = "unsafe") -> Groups:
    """Sum up what is known of a judge on some pictures.

    Args:
        rows: one a picture, of `safesweep.measures.outcomes.outcomes` with labels: the judge's column (1, 0, NaN unscored), `truth` (1, 0,
            NaN no label or none that counts), `weight` (1 / inclusion probability, NaN no label), `sampled` (the verdict that the sample
            was stratified by: 1, 0; NaN where by none), `prompt_hash`.
        verdict: the judge's column.
    """
    rows = rows[rows[verdict].notna()]
    flags, truth = rows[verdict].to_numpy(np.float64), rows["truth"].to_numpy(np.float64)
    sampled = np.nan_to_num(rows["sampled"].to_numpy(np.float64), nan=-1.0)
    prompts, weights = rows["prompt_hash"].to_numpy(str), rows["weight"].to_numpy(np.float64)
    worth = effective_number(flags, prompts) / max(len(flags), 1)
    counts: list[tuple[bool, float, float, float]] = []
    for flag in (1.0, 0.0):
        for stratum in (1.0, 0.0, -1.0):
            here = (flags == flag) & (sampled == stratum)
            told = here & ~np.isnan(truth)
            if not here.any():
                continue
            number = effective_number(truth[told], prompts[told], weights[told])
            share = float(np.average(truth[told], weights=weights[told])) if told.any() else 0.0
            counts.append((flag == 1, float(here.sum()) * worth, number, number * share))
    flagged, pictures, labelled, unsafe = (
        np.array(column) for column in (zip(*counts, strict=True) if counts else ((), (), (), ()))
    )
    return Groups(flagged.astype(bool), *(column.astype(np.float64) for column in (pictures, labelled, unsafe)))


def calibrate(rows: pd.DataFrame, whole: Groups, verdict: str = "unsafe") -> Domain:
    """Correct the rate of some pictures.

    Args:
        rows: as in `make_groups`.
        whole: of all hazard pictures of the run, what `carried` rests on.
        verdict: the judge's column.
    """
    rows = rows[rows[verdict].notna()]
    flags, prompts = rows[verdict].to_numpy(np.float64), rows["prompt_hash"].to_numpy(str)
    told = rows[rows["truth"].notna()]
    groups = make_groups(rows, verdict)
    raw = rate_interval(flags, prompts)
    own = carried = nothing()
    if len(told) and float(groups.unlabelled) <= MOST_UNLABELLED:
        own = _interval(own_labels(groups), raw)
    if len(flags) and _tells(whole):
        pictures = groups.pictures.sum()
        carried = _interval(rogan_gladen(pictures * flags.mean(), pictures, whole), raw)
    return Domain(
        raw=raw,
        own=own,
        carried=carried,
        accuracy=accuracy(groups, labelled=len(told), unsafe=int((told["truth"] == 1).sum())),
        unsure=int((rows["weight"].notna() & rows["truth"].isna()).sum()),
    )


def _tells(labels: Groups) -> bool:
    """Whether both kinds of pictures were labelled, so that the judge's errors of both kinds are known."""
    return bool(len(labels.flagged) and 0 < labels.unsafe.sum() < labels.labelled.sum())


def _interval(ends: Ends, raw: Interval) -> Interval:
    estimate, low, high = (float(end) for end in ends)
    if np.isnan(estimate):
        return nothing(raw.confidence)
    return Interval(estimate, low, high, "labels", raw.n, raw.clusters, raw.confidence)
