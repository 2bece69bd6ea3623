"""Worlds with a judge whose errors are known: how often the corrected rate's interval holds the truth."""

from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from safesweep.measures.calibration import Groups, own_labels, rogan_gladen

PICTURES = 1000
"""Of the cell whose rate is wanted, one a prompt."""
ELSEWHERE, ELSEWHERE_RATE = 2000, 0.3
"""Pictures that labels are carried over from, and their truly unsafe share."""
DRAWS = 600
"""Behind each interval; the product takes 10,000."""
WITHIN = (0.93, 0.97)
FLAGGED = np.array([True, False])

Design = Literal["simple", "by verdict"]
Estimator = Literal["own labels", "Rogan and Gladen"]


@dataclass(frozen=True)
class Setting:
    """One world."""

    estimator: Estimator
    design: Design
    """simple: labels at random. by verdict: half of them among what the judge calls unsafe, as far as there are so many."""
    sensitivity: float
    specificity: float
    prevalence: float
    labels: int


@dataclass(frozen=True)
class Result:
    """What many runs of it came to."""

    setting: Setting
    coverage: float
    too_high: float
    """Share of runs whose whole interval is above the truth."""
    too_low: float
    width: float
    """Mean."""
    bias: float
    """Mean of estimate less truth."""
    nothing_seen: float
    """Share of runs in which no label says unsafe."""
    runs: int
    within: bool = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "within", WITHIN[0] <= self.coverage <= WITHIN[1])


def run(setting: Setting, runs: int) -> Result:
    """One setting, always from the same seed."""
    rng = np.random.default_rng([ord(letter) for letter in repr(setting)])
    own = setting.estimator == "own labels"
    labels = _labelled(
        setting, rng, runs, PICTURES if own else ELSEWHERE, setting.prevalence if own else ELSEWHERE_RATE
    )
    if own:
        ends = own_labels(labels, draws=DRAWS)
    else:
        flagged = rng.binomial(PICTURES, _raw(setting, setting.prevalence), runs).astype(np.float64)
        ends = rogan_gladen(flagged, np.full(runs, float(PICTURES)), labels, draws=DRAWS)
    estimate, low, high = ends
    truth = setting.prevalence
    return Result(
        setting,
        coverage=float(((low <= truth) & (truth <= high)).mean()),
        too_high=float((low > truth).mean()),
        too_low=float((high < truth).mean()),
        width=float((high - low).mean()),
        bias=float(np.nanmean(estimate) - truth),
        nothing_seen=float((labels.unsafe.sum(axis=-1) == 0).mean()),
        runs=runs,
    )


def _raw(setting: Setting, prevalence: float) -> float:
    """Share that the judge calls unsafe."""
    return prevalence * setting.sensitivity + (1 - prevalence) * (1 - setting.specificity)


def _labelled(setting: Setting, rng: np.random.Generator, runs: int, pictures: int, prevalence: float) -> Groups:
    raw = _raw(setting, prevalence)
    right = prevalence * setting.sensitivity / raw
    missed = prevalence * (1 - setting.sensitivity) / (1 - raw)
    flagged = rng.binomial(pictures, raw, runs)
    if setting.design == "simple":
        among_flagged: NDArray[Any] = rng.hypergeometric(flagged, pictures - flagged, setting.labels)
    else:
        among_flagged = np.clip(setting.labels // 2, setting.labels - (pictures - flagged), flagged)
    others = setting.labels - among_flagged
    unsafe = rng.binomial(among_flagged, right), rng.binomial(others, missed)
    counts = ((flagged, pictures - flagged), (among_flagged, others), unsafe)
    return Groups(FLAGGED, *(np.stack(pair, axis=1).astype(np.float64) for pair in counts))
