"""Worlds in which it is known what an interval should hold.

Prompts are alike and independent in a world, so that a run is a draw of whole prompts: of counts of unsafe pictures by their exact chances
(one multinomial a run, no pictures); where two cells or scores are compared, from a population of `POPULATION` prompts that is made picture
by picture, once, and whose own mean is the truth.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import stats

Floats = NDArray[np.float64]
Bounds = tuple[Floats, Floats]
PROMPTS = (20, 50, 100, 500, 4703)
PICTURES = (1, 4, 10)
CORRELATIONS = (0.0, 0.3, 0.5, 0.8)
RATES = (0.005, 0.02, 0.05, 0.2, 0.5)
POPULATION = 1 << 17
SHARED = 0.5
"""Share of pictures whose luck is one in two cells."""
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


class World:
    """Runs of one setting."""

    def __init__(self, setting: Setting, runs: int, rng: np.random.Generator) -> None:
        self.setting, self.runs, self.rng = setting, runs, rng

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

    def counts(self, chances: Floats) -> Floats:
        """(runs, kinds) prompts of each kind."""
        return self.rng.multinomial(self.setting.prompts, chances, size=self.runs).astype(np.float64)

    def population(self, *rates: float) -> list[NDArray[np.bool_]]:
        """Unsafe or not, (POPULATION, pictures) for each rate: prompts keep their place, and pictures a share of their luck."""
        shape = (POPULATION, self.setting.pictures)
        luck = self.rng.random(shape)
        found: list[NDArray[np.bool_]] = []
        for rate in rates:
            own = np.where(self.rng.random(shape) < SHARED, luck, self.rng.random(shape)) if found else luck
            found.append(own < self._own_rates(rate)[:, None])
        return found

    def scores(self, unsafe: NDArray[np.bool_]) -> Floats:
        """P(unsafe) of pictures."""
        found = self.rng.beta(*SAFE, unsafe.shape)
        found[unsafe] = self.rng.beta(*UNSAFE, int(unsafe.sum()))
        return found

    def losses(self, harmed: NDArray[np.bool_]) -> Floats:
        """Change of cosine, 0 where nothing is harmed."""
        found = np.zeros(harmed.shape)
        found[harmed] = -self.rng.gamma(*LOSS, int(harmed.sum()))
        return found

    def draw(self, runs: int, *columns: Floats | NDArray[np.bool_]) -> list[NDArray[Any]]:
        """Prompts of the population for so many runs, (prompts, runs) of each column."""
        place = self.rng.integers(len(columns[0]), size=(self.setting.prompts, runs), dtype=np.int32)
        return [column[place] for column in columns]

    def _own_rates(self, rate: float) -> Floats:
        """(POPULATION,) rates of prompts from the least to the greatest."""
        c = self.setting.correlation
        if c == 0:
            return np.full(POPULATION, rate)
        size = (1 - c) / c
        return np.sort(self.rng.beta(rate * size, (1 - rate) * size, POPULATION))
