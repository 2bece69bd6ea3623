"""The product's own intervals in worlds in which the truth is known."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from benchmarks.simulation.worlds import Bounds, Floats, Setting, World
from safesweep.measures.compare import newcombe_tables
from safesweep.measures.evenness import evenness
from safesweep.measures.intervals import Ends, clustered_wilson, expected_maximum_interval, mean_intervals, wilson

SUBSET = 25
WITHIN = (0.93, 0.98)
AT_ONCE = 4_000_000
"""Numbers of (prompts, runs) that are drawn at once."""


@dataclass(frozen=True)
class Result:
    """What came of a setting."""

    setting: Setting
    runs: int
    """0: every outcome was weighed by its probability."""
    coverage: float
    above: float
    """Share of runs whose interval lies above the truth; likewise below."""
    below: float
    width: float
    silent: float
    """Share of runs that show nothing at all: no unsafe picture in (one of) the cells, no harmed prompt."""
    reference: float
    """Mean width of Wilson's interval for as many independent pictures; NaN where it is no rate in [0, 1]."""

    @property
    def one_sided(self) -> bool:
        """Runs that show nothing come so often that only one end can ever miss."""
        return self.silent > 0.025

    @property
    def strictly(self) -> bool:
        """In [.93, .98]."""
        return WITHIN[0] <= self.coverage <= WITHIN[1]

    @property
    def within(self) -> bool:
        """The same; more is no fault where one end cannot miss."""
        return self.strictly or (self.coverage > WITHIN[1] and self.one_sided)


def result(world: World, bounds: Bounds, truth: float, silent: NDArray[np.bool_], reference: float) -> Result:
    """Count over runs. A run without an interval (nothing varies) says nothing false."""
    low, high = bounds
    above, below = float((low > truth).mean()), float((high < truth).mean())
    width = float(np.nanmean(high - low)) if np.isfinite(high).any() else float("nan")
    return Result(
        world.setting, world.runs, 1 - above - below, above, below, width, float(np.mean(silent)), reference
    )


def wilson_width(shares: Floats, pictures: int) -> float:
    """Mean width over runs of Wilson's interval."""
    unique, counts = np.unique(shares, return_counts=True)
    widths = [np.diff(wilson(share * pictures, pictures))[0] for share in np.clip(unique, 0, 1)]
    return float(np.average(widths, weights=counts))


def rate(world: World) -> Result:
    """An unsafe share: ASR, benign unsafe, false triggers, harmed prompts."""
    s = world.setting
    if s.pictures == 1:
        return exact_rate(s)
    tables = world.counts(world.chances(s.rate))
    # Equal runs are reckoned once.
    unique, place = np.unique(tables, axis=0, return_inverse=True)
    low, high = clustered_wilson(np.arange(s.pictures + 1.0), np.full(s.pictures + 1, float(s.pictures)), unique)
    total = s.prompts * s.pictures
    hits = tables @ np.arange(s.pictures + 1)
    bounds = low[place.ravel()], high[place.ravel()]
    return result(world, bounds, s.rate, hits == 0, wilson_width(hits / total, total))


def exact_rate(s: Setting) -> Result:
    """One picture a prompt: every number of unsafe ones with its probability, no simulation."""
    hits = np.arange(s.prompts + 1.0)
    low, high = clustered_wilson(np.arange(2.0), np.ones(2), np.stack([s.prompts - hits, hits], axis=1))
    chance = stats.binom.pmf(hits, s.prompts, s.rate)
    above, below = float(chance @ (low > s.rate)), float(chance @ (high < s.rate))
    width = float(chance @ np.array([np.diff(wilson(k, s.prompts))[0] for k in hits]))
    return Result(s, 0, 1 - above - below, above, below, float(chance @ (high - low)), float(chance[0]), width)


def rate_change(world: World) -> Result:
    """ASR against a baseline of twice the rate, on the same prompts and seeds."""
    s = world.setting
    kinds, chances = world.pair_chances(s.rate, s.rate / 2)
    tables = world.counts(chances)
    unique, place = np.unique(tables, axis=0, return_inverse=True)
    low, high = newcombe_tables(kinds[:, 0], kinds[:, 1], np.full(len(kinds), float(s.pictures)), unique)
    silent = ((tables @ kinds) == 0).any(axis=1)
    truth = float(chances @ (kinds[:, 1] - kinds[:, 0])) / s.pictures
    return result(world, (low[place.ravel()], high[place.ravel()]), truth, silent, float("nan"))


def toxic_rate(world: World) -> Result:
    """Mean P(unsafe)."""
    [unsafe] = world.population(world.setting.rate)
    return of_means(world, world.scores(unsafe), [unsafe], (0.0, 1.0))


def clip(world: World) -> Result:
    """Mean cosine, nearly normal; the rate says nothing here."""
    s = world.setting
    shape = (s.prompts, world.runs)
    spread = np.sqrt(s.correlation + (1 - s.correlation) / s.pictures)
    means = 0.3 + 0.06 * spread * world.rng.standard_normal(shape)
    return result(world, mean_bounds(means, s.pictures, None), 0.3, np.zeros(1, dtype=bool), float("nan"))


def clip_change(world: World) -> Result:
    """A benign change of CLIP: most pictures stay as they are, the rate is the share of harmed ones. Where no pair differs the page
    says how many prompts may at most, and that is what must hold."""
    s = world.setting
    [harmed] = world.population(s.rate)
    found = of_means(world, world.losses(harmed), [harmed], None)
    told = harmed.any(axis=1).mean() <= wilson(0, s.prompts)[1]
    if told:
        return found
    return Result(**{**vars(found), "coverage": found.coverage - found.silent, "below": found.below + found.silent})


def toxic_change(world: World) -> Result:
    """Mean P(unsafe) against a baseline of twice the rate, as the gate compares it."""
    s = world.setting
    before, after = world.population(s.rate, s.rate / 2)
    return of_means(world, world.scores(after) - world.scores(before), [before, after], (-1.0, 1.0))


def of_means(world: World, values: Floats, shown: list[NDArray[np.bool_]], ends: Ends | None) -> Result:
    """Mean over pictures. values, shown: (POPULATION, pictures), what a picture has and whether it shows anything."""
    s = world.setting
    truth, parts, silent, shares = float(values.mean()), [], [], []
    sums, flags = values.sum(axis=1), [one.any(axis=1) for one in shown]
    runs = max(1, AT_ONCE // s.prompts)
    for start in range(0, world.runs, runs):
        part = World(s, min(runs, world.runs - start), world.rng)
        drawn, *seen = part.draw(sums, *flags)
        parts.append(mean_bounds(drawn / s.pictures, s.pictures, ends))
        silent.append(~np.all([one.any(axis=0) for one in seen], axis=0))
        shares.append(drawn.mean(axis=0) / s.pictures)
    low, high = (np.concatenate(side) for side in zip(*parts, strict=True))
    width = wilson_width(np.concatenate(shares), s.prompts * s.pictures) if ends == (0.0, 1.0) else float("nan")
    return result(world, (low, high), truth, np.concatenate(silent), width)


def mean_bounds(means: Floats, pictures: int, ends: Ends | None) -> Bounds:
    """Of (prompts, runs) means of each prompt's pictures; all runs at once, as the cells of a grid."""
    found = mean_intervals(means * pictures, np.full(means.shape, pictures), ends=ends)
    return np.array([one.low for one in found]), np.array([one.high for one in found])


def expected_maximum(world: World) -> Result:
    """I2P's expected maximum over 25 prompts."""
    s = world.setting
    chances = world.chances(s.rate)
    tables = world.counts(chances)
    shares = np.arange(s.pictures + 1) / s.pictures
    truth = float(np.diff(np.cumsum(chances) ** SUBSET, prepend=0.0) @ shares)
    unique, place = np.unique(tables, axis=0, return_inverse=True)
    found = [expected_maximum_interval(np.repeat(shares, row.astype(int)), SUBSET, draws=500) for row in unique]
    bounds = np.array([one.low for one in found])[place.ravel()], np.array([one.high for one in found])[place.ravel()]
    return result(world, bounds, truth, tables[:, 0] == s.prompts, float("nan"))


def deviation(world: World) -> Result:
    """The deviation from an even split, chance apart: professions stand for prompts, the rate is the share of one value of two."""
    s = world.setting
    heads = world.rng.binomial(s.pictures, s.rate, (world.runs, s.prompts))
    found = [
        evenness({str(i): (int(k), s.pictures - int(k)) for i, k in enumerate(row)}, draws=500).deviation
        for row in heads
    ]
    bounds = np.array([one.low for one in found]), np.array([one.high for one in found])
    truth = abs(2 * s.rate - 1)
    return result(world, bounds, truth, np.full(1, truth == 0), float("nan"))


TRIED: dict[str, tuple[Callable[[World], Result], int, str]] = {
    "rate": (rate, 4000, "a rate (ASR, benign unsafe, false triggers, harmed prompts, inappropriate probability)"),
    "rate change": (rate_change, 4000, "a paired difference of rates"),
    "toxic rate": (toxic_rate, 1000, "a mean of scores in [0, 1] (toxic rate)"),
    "toxic change": (toxic_change, 1000, "a paired difference of such means"),
    "CLIP": (clip, 1000, "a mean of cosines"),
    "CLIP change": (clip_change, 1000, "a paired difference of cosines, most pairs equal"),
    "expected maximum": (expected_maximum, 1000, "I2P's expected maximum over 25 prompts"),
    "deviation": (deviation, 1000, "the deviation from an even split, chance apart"),
}
"""Interval -> what makes its runs, how many of them, what it is of."""
