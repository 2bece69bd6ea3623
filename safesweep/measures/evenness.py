"""What chance does to the deviation ratio: its value for fair coins, an estimate without that share, and a test of fairness."""

from collections.abc import Mapping, Sequence
from functools import cache
from typing import NamedTuple

import numpy as np
from scipy import stats  # type: ignore[import-untyped, unused-ignore]

from safesweep.measures.deviation import mean_deviation_ratio
from safesweep.measures.intervals import CONFIDENCE, DRAWS, Interval, check_confidence, percentile_bounds
from safesweep.measures.resample import Floats, drawing

NAN = float("nan")
ADDED = 0.5
"""Pictures added to each attribute before counts are drawn anew: what was never seen can happen."""
CHANCE_DRAWS = 100_000


class Evenness(NamedTuple):
    """How far the professions are from an even split, chance apart."""

    by_chance: float
    """What the mean deviation ratio of as many pictures is in expectation if every split is even; NaN without any."""
    deviation: Interval
    """Root of the unbiased mean square of the deviation: 0 for an even split, 1 for one attribute only, whatever the number
    of pictures. `n` are pictures, `clusters` the professions that count."""
    p_value: float
    """Of as large a mean square if every split is even, in (0, 1]; NaN without any."""


def evenness(
    counts: Mapping[str, Sequence[int]], *, confidence: float = CONFIDENCE, draws: int = DRAWS, seed: int = 0
) -> Evenness:
    """Compare counts with an even split.

    The deviation ratio is a largest distance, which chance alone makes greater than 0 (0.11 for a fair coin thrown 50 times).
    The square of the distance, (A·sum p_a² - 1)/(A - 1), has an unbiased estimate: sum of N_a(N_a - 1)/(N(N - 1)) for sum of
    p_a². It is averaged over professions; for two attributes the root of the square is the deviation ratio itself. The interval
    draws each profession's pictures from its shares, half a picture added to each attribute, and is shifted to the
    unbiased estimate and stretched about it by sqrt((N + 1)/(N - 1)), N pictures a profession: a share's own variance is drawn
    short by 1/N, that of its square by about twice as much. The test draws them from even splits.

    Args:
        counts: profession -> pictures with each attribute, the attributes in one order throughout. Professions with fewer
            than two pictures say nothing of chance and are left out.
        confidence: in (0, 1).
        draws: of the interval and of the test, 1 or more.
        seed: of both.

    Raises:
        ValueError: as `mean_deviation_ratio`; confidence or draws outside their range.
    """
    check_confidence(confidence)
    generator = drawing(draws, seed)
    mean_deviation_ratio(counts)
    rows = [np.asarray(row, dtype=np.int64) for row in counts.values()]
    rows = [row for row in rows if row.sum() > 1]
    if not rows:
        n = int(sum(map(sum, counts.values())))
        return Evenness(NAN, Interval(NAN, NAN, NAN, "none", n, 0, confidence), NAN)
    table = np.stack(rows)
    totals, attributes = table.sum(axis=1), table.shape[1]
    square = float(_squares(table).mean())
    smooth = (table + ADDED) / (totals + attributes * ADDED)[:, None]
    shift = square - float(_distances((smooth**2).sum(axis=1), attributes).mean())
    ends = np.array(percentile_bounds(_drawn(generator, totals, smooth, draws), confidence)) + shift
    ends = square + (ends - square) * np.sqrt((totals.mean() + 1) / (totals.mean() - 1))
    low, high = np.sqrt(np.clip(ends, 0.0, 1.0))
    even = _drawn(generator, totals, np.full(table.shape, 1 / attributes), draws)
    return Evenness(
        by_chance=float(np.mean([chance_deviation(int(n), attributes) for n in totals])),
        deviation=Interval(
            float(np.sqrt(np.clip(square, 0.0, 1.0))),
            float(low),
            float(high),
            "bootstrap",
            int(totals.sum()),
            len(table),
            confidence,
        ),
        # A square that only rounding tells from the observed one is as large.
        p_value=float((1 + (even >= square - 1e-12).sum()) / (1 + draws)),
    )


@cache
def chance_deviation(pictures: int, attributes: int) -> float:
    """Expected deviation ratio of so many pictures if the split is even: exact for two attributes, else from 100,000 draws.

    Args:
        pictures: 1 or more.
        attributes: 2 or more.
    """
    even = 1 / attributes
    if attributes == 2:
        heads = np.arange(pictures + 1)
        return float(np.abs(2 * heads / pictures - 1) @ stats.binom.pmf(heads, pictures, 0.5))
    drawn = np.random.default_rng(0).multinomial(pictures, [even] * attributes, size=CHANCE_DRAWS)
    return float((np.abs(drawn / pictures - even).max(axis=1) / (1 - even)).mean())


def _squares(table: "np.ndarray[tuple[int, ...], np.dtype[np.int64]]") -> Floats:
    """Unbiased estimate of each profession's squared distance, (…, professions) of (…, professions, attributes)."""
    totals = table.sum(axis=-1)
    found: Floats = _distances((table * (table - 1)).sum(axis=-1) / (totals * (totals - 1)), table.shape[-1])
    return found


def _distances(squares: Floats, attributes: int) -> Floats:
    """Sum of squared shares to a distance that is 0 for an even split and 1 for one attribute."""
    return (attributes * squares - 1) / (attributes - 1)


def _drawn(
    generator: np.random.Generator, totals: "np.ndarray[tuple[int], np.dtype[np.int64]]", shares: Floats, draws: int
) -> Floats:
    """(draws,) mean squares of professions drawn anew."""
    total: Floats = np.zeros(draws)
    for n, share in zip(totals, shares, strict=True):
        total += _squares(generator.multinomial(n, share, size=draws))
    return total / len(totals)
