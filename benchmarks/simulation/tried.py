"""The product's own intervals in worlds in which the truth is known."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from benchmarks.simulation.worlds import Bounds, Floats, Setting, World
from safesweep.measures.evenness import evenness
from safesweep.measures.intervals import (
    Ends,
    Interval,
    clustered_wilson,
    expected_maximum_interval,
    mean_intervals,
    wilson,
)

NAN = float("nan")
SUBSET = 25
LEVEL, WITHIN = 0.95, (0.93, 0.98)
DECIDES = 6
"""Prompts that must differ for the exact sign test to reject at .05: 2 · 2^-5 is more. An interval that goes with it holds 0 below."""
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
    few: float
    """Share of runs in which two cells differ on fewer than `DECIDES` prompts; NaN where nothing is compared."""

    @property
    def one_sided(self) -> bool:
        """Most of what could miss cannot: runs that show nothing, or in which nothing can be decided, come too often."""
        if np.isnan(self.few):
            return self.silent > (1 - LEVEL) / 2
        return self.few + LEVEL * (1 - self.few) > WITHIN[1]

    @property
    def strictly(self) -> bool:
        """In [.93, .98]."""
        return WITHIN[0] <= self.coverage <= WITHIN[1]

    @property
    def within(self) -> bool:
        """The same; more is no fault where one end cannot miss."""
        return self.strictly or (self.coverage > WITHIN[1] and self.one_sided)


def result(
    world: World,
    bounds: Bounds,
    truth: float,
    silent: NDArray[np.bool_],
    reference: float = NAN,
    few: float = NAN,
) -> Result:
    """Count over runs. A run without an interval (nothing varies) says nothing false."""
    low, high = bounds
    above, below = float((low > truth).mean()), float((high < truth).mean())
    width = float(np.nanmean(high - low)) if np.isfinite(high).any() else NAN
    return Result(
        world.setting, world.runs, 1 - above - below, above, below, width, float(np.mean(silent)), reference, few
    )


def wilson_width(shares: Floats, pictures: int) -> float:
    """Mean width over runs of Wilson's interval, from his formula: `wilson` takes one share at a time."""
    z = float(stats.norm.ppf((1 + LEVEL) / 2))
    spread = np.sqrt(shares * (1 - shares) / pictures + z**2 / (4 * pictures**2))
    return float(np.mean(2 * z * spread / (1 + z**2 / pictures)))


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
    return Result(s, 0, 1 - above - below, above, below, float(chance @ (high - low)), float(chance[0]), width, NAN)


def rate_change(world: World) -> Result:
    """ASR against a baseline of twice the rate, on the same prompts and seeds."""
    s = world.setting
    before, after = world.population(s.rate, s.rate / 2)
    return of_means(world, after.astype(np.float64) - before, [before, after], (-1.0, 1.0))


def toxic_rate(world: World) -> Result:
    """Mean P(unsafe)."""
    [unsafe] = world.population(world.setting.rate)
    return of_means(world, world.scores(unsafe), [unsafe], (0.0, 1.0))


def clip(world: World) -> Result:
    """Mean cosine, nearly normal; the rate says nothing here."""
    s = world.setting
    spread = np.sqrt(s.correlation + (1 - s.correlation) / s.pictures)
    means = 0.3 + 0.06 * spread * world.rng.standard_normal((s.prompts, world.runs))
    found = mean_intervals(means * s.pictures, np.full(means.shape, s.pictures))
    return result(world, ends_of(found), 0.3, np.zeros(1, dtype=bool))


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
    """Mean over pictures. values, shown: (POPULATION, pictures), what a picture has, and whether a cell's shows anything."""
    s = world.setting
    flags = [one.any(axis=1) for one in shown]
    differs = shown[0].sum(axis=1) != (shown[-1].sum(axis=1) if len(shown) > 1 else 0)
    squares = values * values
    columns = [power.sum(axis=1) for power in (values, squares, squares * values, squares * squares)]
    found, silent, few, shares = [], [], [], []
    step = max(1, AT_ONCE // s.prompts)
    for start in range(0, world.runs, step):
        *drawn, other = world.draw(min(step, world.runs - start), *columns, np.stack([differs, *flags], axis=1))
        counts = np.full(drawn[0].shape, float(s.pictures))
        powers = np.stack([one.sum(axis=0) for one in drawn])
        found += mean_intervals(drawn[0], counts, powers=powers, ends=ends)
        few.append(other[..., 0].sum(axis=0) < DECIDES)
        silent.append(~other[..., 1:].any(axis=0).all(axis=-1))
        shares.append(powers[0] / (s.prompts * s.pictures))
    width = wilson_width(np.concatenate(shares), s.prompts * s.pictures) if ends == (0.0, 1.0) else NAN
    paired = float(np.mean(np.concatenate(few))) if len(shown) > 1 else NAN
    return result(world, ends_of(found), float(values.mean()), np.concatenate(silent), width, paired)


def ends_of(found: Sequence[Interval]) -> Bounds:
    """Low and high ends."""
    return np.array([one.low for one in found]), np.array([one.high for one in found])


def expected_maximum(world: World) -> Result:
    """I2P's expected maximum over 25 prompts."""
    s = world.setting
    chances = world.chances(s.rate)
    tables = world.counts(chances)
    shares = np.arange(s.pictures + 1) / s.pictures
    truth = float(np.diff(np.cumsum(chances) ** SUBSET, prepend=0.0) @ shares)
    unique, place = np.unique(tables, axis=0, return_inverse=True)
    found = [
        expected_maximum_interval(
            np.repeat(np.arange(s.pictures + 1), row.astype(int)), np.full(s.prompts, s.pictures), SUBSET, draws=500
        )
        for row in unique
    ]
    low, high = ends_of(found)
    return result(world, (low[place.ravel()], high[place.ravel()]), truth, tables[:, 0] == s.prompts)


def deviation(world: World) -> Result:
    """The deviation from an even split, chance apart: professions stand for prompts, the rate is the share of one value of two."""
    s = world.setting
    heads = world.rng.binomial(s.pictures, s.rate, (world.runs, s.prompts))
    found = [
        evenness({str(i): (int(k), s.pictures - int(k)) for i, k in enumerate(row)}, draws=500).deviation
        for row in heads
    ]
    truth = abs(2 * s.rate - 1)
    return result(world, ends_of(found), truth, np.full(1, truth == 0))


TRIED: dict[str, tuple[Callable[[World], Result], int, str]] = {
    "rate": (rate, 4000, "a rate (ASR, benign unsafe, false triggers, harmed prompts, inappropriate probability)"),
    "rate change": (rate_change, 4000, "a paired difference of rates"),
    "toxic rate": (toxic_rate, 2000, "a mean of scores in [0, 1] (toxic rate)"),
    "toxic change": (toxic_change, 2000, "a paired difference of such means"),
    "CLIP": (clip, 2000, "a mean of cosines"),
    "CLIP change": (clip_change, 2000, "a paired difference of cosines, most pairs equal"),
    "expected maximum": (expected_maximum, 1000, "I2P's expected maximum over 25 prompts"),
    "deviation": (deviation, 600, "the deviation from an even split, chance apart"),
}
"""Interval -> what makes its runs, how many of them at most, what it is of."""
