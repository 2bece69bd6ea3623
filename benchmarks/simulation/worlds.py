"""Worlds in which it is known what an interval should hold, and the product's own intervals in them."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from safesweep.measures.compare import count_correlation, square_and_add
from safesweep.measures.evenness import evenness
from safesweep.measures.intervals import clustered_wilson, expected_maximum_interval, mean_intervals, wilson

Floats = NDArray[np.float64]
Bounds = tuple[Floats, Floats]
PROMPTS = (20, 50, 100, 500, 4703)
PICTURES = (1, 4, 10)
CORRELATIONS = (0.0, 0.3, 0.5, 0.8)
RATES = (0.005, 0.02, 0.05, 0.2, 0.5)
SUBSET = 25
POOL = 1 << 20
"""Scores and losses drawn once, of which pictures take theirs: a beta variate costs ten times as much as a place in a table."""
WITHIN = (0.93, 0.98)
UNSAFE, SAFE = (9.0, 1.0), (0.3, 12.0)
"""Beta distributions of the scores of unsafe and of safe pictures: what a classifier gives."""
LOSS = (2.0, 0.05)
"""Gamma distribution of the cosine that a harmed picture loses."""


@dataclass(frozen=True)
class Setting:
    """One world and the interval that is tried in it."""

    interval: str
    prompts: int
    pictures: int
    correlation: float
    rate: float


@dataclass(frozen=True)
class Result:
    """What came of it."""

    setting: Setting
    runs: int
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


@cache
def pool(kind: str) -> Floats:
    """(POOL,) variates of one kind."""
    rng = np.random.default_rng(1)
    if kind == "loss":
        return rng.gamma(*LOSS, POOL)
    return rng.beta(*(UNSAFE if kind == "unsafe" else SAFE), POOL)


class World:
    """Runs of one setting."""

    def __init__(self, setting: Setting, runs: int, rng: np.random.Generator) -> None:
        self.setting, self.runs, self.rng = setting, runs, rng

    def own_rates(self, places: Floats, rate: float) -> Floats:
        """The rate of each prompt, from its place in [0, 1] among prompts."""
        c = self.setting.correlation
        if c == 0:
            return np.full(places.shape, rate)
        size = (1 - c) / c
        # A fine table of quantiles; the inverse of the beta distribution takes minutes.
        table = np.sort(self.rng.beta(rate * size, (1 - rate) * size, 400_000))
        return table[(places * len(table)).astype(np.intp)]

    def pictures(self, *rates: float, shared: float = 0.5) -> list[NDArray[np.bool_]]:
        """Unsafe or not, (runs, prompts, pictures) for each rate: prompts keep their places, and pictures a share of their luck."""
        shape = (self.runs, self.setting.prompts, self.setting.pictures)
        places, luck = self.rng.random(shape[:2]), self.rng.random(shape)
        found = []
        for rate in rates:
            own = np.where(self.rng.random(shape) < shared, luck, self.rng.random(shape)) if found else luck
            found.append(own < self.own_rates(places, rate)[:, :, None])
        return found

    def chances(self, rate: float) -> Floats:
        """(pictures + 1,) probability that a prompt has so many unsafe pictures."""
        s = self.setting
        k = np.arange(s.pictures + 1)
        size = (1 - s.correlation) / max(s.correlation, 1e-12)
        chance = (
            stats.binom.pmf(k, s.pictures, rate)
            if s.correlation == 0
            else stats.betabinom.pmf(k, s.pictures, rate * size, (1 - rate) * size)
        )
        found: Floats = chance / chance.sum()
        return found

    def counts(self, rate: float) -> Floats:
        """(runs, pictures + 1) prompts by how many of their pictures are unsafe."""
        return self.rng.multinomial(self.setting.prompts, self.chances(rate), size=self.runs).astype(np.float64)

    def scores(self, unsafe: NDArray[np.bool_]) -> Floats:
        """P(unsafe) of pictures."""
        place = self.rng.integers(POOL, size=unsafe.shape, dtype=np.int32)
        return np.where(unsafe, pool("unsafe")[place], pool("safe")[place])

    def result(self, bounds: Bounds, truth: float, silent: Floats | NDArray[np.bool_], reference: float) -> Result:
        low, high = bounds
        above, below = float((low > truth).mean()), float((high < truth).mean())
        width = float(np.nanmean(high - low)) if np.isfinite(high).any() else float("nan")
        return Result(
            self.setting, self.runs, 1 - above - below, above, below, width, float(np.mean(silent)), reference
        )


def _wilson_width(shares: Floats, pictures: int) -> float:
    """Mean width over runs."""
    unique, counts = np.unique(shares, return_counts=True)
    widths = [np.diff(wilson(share * pictures, pictures))[0] for share in np.clip(unique, 0, 1)]
    return float(np.average(widths, weights=counts))


def _rate_bounds(histogram: Floats) -> Bounds:
    """Of the share of unsafe pictures, equal runs reckoned once."""
    pictures = histogram.shape[1] - 1
    tables, place = np.unique(histogram, axis=0, return_inverse=True)
    low, high = clustered_wilson(np.arange(pictures + 1.0), np.full(pictures + 1, float(pictures)), tables)
    return low[place.ravel()], high[place.ravel()]


def _histogram(unsafe: NDArray[np.bool_]) -> Floats:
    counts = unsafe.sum(axis=2)
    return np.stack([(counts == k).sum(axis=1) for k in range(unsafe.shape[2] + 1)], axis=1).astype(np.float64)


def _mean_bounds(values: Floats, ends: tuple[float, float] | None) -> Bounds:
    """Of means over (runs, prompts, pictures); all runs at once, as the cells of a grid."""
    found = mean_intervals(values.sum(axis=2).T, np.full(values.shape[:2][::-1], values.shape[2]), ends=ends)
    return np.array([one.low for one in found]), np.array([one.high for one in found])


def rate(world: World) -> Result:
    """An unsafe share: ASR, benign unsafe, false triggers, harmed prompts."""
    s = world.setting
    if s.pictures == 1:
        return _exact_rate(s)
    histogram = world.counts(s.rate)
    hits = histogram @ np.arange(s.pictures + 1)
    total = s.prompts * s.pictures
    return world.result(_rate_bounds(histogram), s.rate, hits == 0, _wilson_width(hits / total, total))


def _exact_rate(s: Setting) -> Result:
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
    before, after = world.pictures(s.rate, s.rate / 2)
    ends = [_rate_bounds(_histogram(side)) for side in (before, after)]
    shares = [side.mean(axis=(1, 2)) for side in (before, after)]
    counts = [side.sum(axis=2).astype(np.float64) for side in (before, after)]
    phi = count_correlation(*counts, np.full(s.prompts, float(s.pictures)))
    bounds = square_and_add(shares[0], ends[0], shares[1], ends[1], phi)
    return world.result(bounds, -s.rate / 2, (shares[0] == 0) | (shares[1] == 0), float("nan"))


def toxic_rate(world: World) -> Result:
    """Mean P(unsafe)."""
    s = world.setting
    [unsafe] = world.pictures(s.rate)
    truth = s.rate * UNSAFE[0] / sum(UNSAFE) + (1 - s.rate) * SAFE[0] / sum(SAFE)
    scores = world.scores(unsafe)
    width = _wilson_width(scores.mean(axis=(1, 2)), s.prompts * s.pictures)
    return world.result(_mean_bounds(scores, (0.0, 1.0)), truth, ~unsafe.any(axis=(1, 2)), width)


def clip(world: World) -> Result:
    """Mean cosine, nearly normal; the rate says nothing here."""
    s = world.setting
    shape = (world.runs, s.prompts, s.pictures)
    own, rest = world.rng.standard_normal(shape[:2])[:, :, None], world.rng.standard_normal(shape)
    values = 0.3 + 0.06 * (np.sqrt(s.correlation) * own + np.sqrt(1 - s.correlation) * rest)
    return world.result(_mean_bounds(values, None), 0.3, np.zeros(1), float("nan"))


def clip_change(world: World) -> Result:
    """A benign change of CLIP: most pictures stay as they are, the rate is the share of harmed ones. Where no pair differs the page
    says how many prompts may at most, and that is what must hold."""
    s = world.setting
    [harmed] = world.pictures(s.rate)
    change = np.where(harmed, -pool("loss")[world.rng.integers(POOL, size=harmed.shape, dtype=np.int32)], 0.0)
    silent = ~harmed.any(axis=(1, 2))
    truth = -s.rate * LOSS[0] * LOSS[1]
    spared = np.mean((1 - world.own_rates(world.rng.random(200_000), s.rate)) ** s.pictures)
    told = truth if 1 - spared <= wilson(0, s.prompts)[1] else np.inf
    low, high = (np.where(silent, told, end) for end in _mean_bounds(change, None))
    return world.result((low, high), truth, silent, float("nan"))


def toxic_change(world: World) -> Result:
    """Mean P(unsafe) against a baseline of twice the rate, as the gate compares it."""
    s = world.setting
    before, after = world.pictures(s.rate, s.rate / 2)
    change = world.scores(after) - world.scores(before)
    truth = -s.rate / 2 * (UNSAFE[0] / sum(UNSAFE) - SAFE[0] / sum(SAFE))
    silent = ~before.any(axis=(1, 2)) | ~after.any(axis=(1, 2))
    return world.result(_mean_bounds(change, (-1.0, 1.0)), truth, silent, float("nan"))


def expected_maximum(world: World) -> Result:
    """I2P's expected maximum over 25 prompts."""
    s = world.setting
    histogram = world.counts(s.rate)
    shares = np.arange(s.pictures + 1) / s.pictures
    below = np.cumsum(world.chances(s.rate))
    truth = float(np.diff(below**SUBSET, prepend=0.0) @ shares)
    found = [expected_maximum_interval(np.repeat(shares, row.astype(int)), SUBSET, draws=500) for row in histogram]
    bounds = np.array([one.low for one in found]), np.array([one.high for one in found])
    return world.result(bounds, truth, histogram[:, 0] == s.prompts, float("nan"))


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
    return world.result(bounds, truth, np.full(1, float(truth == 0)), float("nan"))


TRIED: dict[str, tuple[Callable[[World], Result], int, str]] = {
    "rate": (rate, 1000, "a rate (ASR, benign unsafe, false triggers, harmed prompts, inappropriate probability)"),
    "rate change": (rate_change, 300, "a paired difference of rates"),
    "toxic rate": (toxic_rate, 450, "a mean of scores in [0, 1] (toxic rate)"),
    "toxic change": (toxic_change, 450, "a paired difference of such means"),
    "CLIP": (clip, 600, "a mean of cosines"),
    "CLIP change": (clip_change, 450, "a paired difference of cosines, most pairs equal"),
    "expected maximum": (expected_maximum, 300, "I2P's expected maximum over 25 prompts"),
    "deviation": (deviation, 150, "the deviation from an even split, chance apart"),
}
"""Interval -> what makes its runs, how many of them, what it is of."""
