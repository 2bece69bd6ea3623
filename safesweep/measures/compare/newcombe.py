"""Newcombe's interval of a difference of paired rates, for one pair a prompt and for several."""

import numpy as np
from numpy.typing import ArrayLike

from safesweep.measures.intervals import CONFIDENCE, clustered_wilson, wilson
from safesweep.measures.resample import Floats, ratio

NAN = float("nan")


def newcombe(
    both: float, only_baseline: float, only_candidate: float, neither: float, confidence: float = CONFIDENCE
) -> tuple[float, float]:
    """Interval of candidate's rate minus baseline's over pairs, in [-1, 1] (Newcombe 1998, Stat. Med. 17:2635, method 10).

    Built from the two Wilson intervals, so it has width when no pair is discordant, unlike Wald's.

    Args:
        both, only_baseline, only_candidate, neither: pairs by who is unsafe, 0 or more, may be fractional; all 0 gives
            (NaN, NaN).
        confidence: in (0, 1).
    """
    n = both + only_baseline + only_candidate + neither
    if n == 0:
        return NAN, NAN
    # Sums of fractions may pass n in the last bit.
    k_b, k_a = min(both + only_candidate, n), min(both + only_baseline, n)
    product = both * neither - only_baseline * only_candidate
    if product > 0:
        product = max(product - n / 2, 0.0)
    scale = np.sqrt(k_b * (n - k_b)) * np.sqrt(k_a * (n - k_a))
    phi = product / scale if scale > 0 else 0.0
    ends = square_and_add(k_a / n, wilson(k_a, n, confidence), k_b / n, wilson(k_b, n, confidence), phi)
    return float(ends[0]), float(ends[1])


def clustered_newcombe(
    baseline: ArrayLike, candidate: ArrayLike, pairs: ArrayLike, confidence: float = CONFIDENCE
) -> tuple[float, float]:
    """`newcombe` for several pairs a prompt, and equal to it for one; see `newcombe_tables`.

    Args:
        baseline, candidate: (clusters,) unsafe pictures of each prompt, 0 to pairs.
        pairs: (clusters,) pairs of each, 1 or more; one cluster or more.
        confidence: in (0, 1).
    """
    rows = np.stack([np.asarray(values, dtype=np.float64) for values in (baseline, candidate, pairs)], axis=1)
    kinds, prompts = np.unique(rows, axis=0, return_counts=True)
    low, high = newcombe_tables(*kinds.T, prompts[None, :].astype(np.float64), confidence)
    return float(low[0]), float(high[0])


def newcombe_tables(
    baseline: Floats, candidate: Floats, pairs: Floats, prompts: Floats, confidence: float = CONFIDENCE
) -> tuple[Floats, Floats]:
    """Interval of candidate's rate minus baseline's from the two rates' own (`clustered_wilson`) and the correlation of the
    prompts' counts.

    Args:
        baseline, candidate: (kinds,) unsafe pictures of a prompt, 0 to pairs.
        pairs: (kinds,) its pairs, 1 or more.
        prompts: (tables, kinds) how many prompts of a table are such; one or more in each table.
        confidence: in (0, 1).

    Returns:
        Low and high ends in [-1, 1], (tables,) each.
    """
    sides = []
    for counts in (baseline, candidate):
        own, place = np.unique(np.stack([counts, pairs], axis=1), axis=0, return_inverse=True)
        table = np.zeros((len(prompts), len(own)))
        np.add.at(table, (slice(None), place.ravel()), prompts)
        sides.append((table @ own[:, 0] / (table @ own[:, 1]), clustered_wilson(*own.T, table, confidence)))
    phi = count_correlation(baseline, candidate, pairs, prompts)
    return square_and_add(*sides[0], *sides[1], phi)


def count_correlation(baseline: Floats, candidate: Floats, pairs: Floats, prompts: Floats) -> Floats:
    """Correlation of two rates over the same prompts; Newcombe's phi where every prompt has one pair, his correction included.

    His correction takes half a pair from the product of the counts; pairs that go together within prompts are worth fewer, so
    that it takes half the product of the two rates' design effects.

    Args:
        baseline, candidate, pairs, prompts: as `newcombe_tables`.

    Returns:
        (tables,) in [-1, 1]; 0 where either rate is 0 or 1.
    """
    total = prompts @ pairs
    rates = [prompts @ k / total for k in (baseline, candidate)]
    one, other = (k - pairs * p[:, None] for k, p in zip((baseline, candidate), rates, strict=True))
    squares = [(prompts * residual**2).sum(axis=1) for residual in (one, other)]
    effects = [ratio(square, total * p * (1 - p)) for square, p in zip(squares, rates, strict=True)]
    product = (prompts * one * other).sum(axis=1)
    product = np.where(product > 0, np.maximum(product - effects[0] * effects[1] / 2, 0.0), product)
    phi = ratio(product, np.sqrt(squares[0]) * np.sqrt(squares[1]))
    bounded: Floats = np.clip(np.nan_to_num(phi), -1.0, 1.0)
    return bounded


def square_and_add(
    rate_a: ArrayLike,
    ends_a: tuple[ArrayLike, ArrayLike],
    rate_b: ArrayLike,
    ends_b: tuple[ArrayLike, ArrayLike],
    phi: ArrayLike,
) -> tuple[Floats, Floats]:
    """Interval of rate_b - rate_a from the intervals of both and their correlation (Zou and Donner 2008, Stat. Med. 27:1693).

    Args:
        rate_a, rate_b: estimates, numbers or arrays of one shape.
        ends_a, ends_b: (low, high) of each.
        phi: correlation of the two estimates, in [-1, 1].
    """
    a, b, correlated = np.asarray(rate_a), np.asarray(rate_b), np.asarray(phi)

    def arm(one: Floats, other: Floats) -> Floats:
        squared: Floats = np.sqrt(np.maximum(one**2 - 2 * correlated * one * other + other**2, 0.0))
        return squared

    difference = b - a
    return (
        difference - arm(b - np.asarray(ends_b[0]), np.asarray(ends_a[1]) - a),
        difference + arm(np.asarray(ends_b[1]) - b, a - np.asarray(ends_a[0])),
    )
