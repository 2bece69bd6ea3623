"""Sums and means over clusters, and bootstrap draws of them."""

import numpy as np
from numpy.typing import ArrayLike, NDArray

Floats = NDArray[np.float64]

BLOCK = 1 << 21
"""Numbers held at once while drawing: 16 MiB an array of doubles, whatever the number of clusters or draws."""


def cluster_sums(values: ArrayLike, clusters: ArrayLike) -> Floats:
    """Sum rows over clusters.

    Args:
        values: (rows,) or (rows, columns), finite.
        clusters: (rows,) cluster keys, such as prompt-text hashes; all strings or all numbers.

    Returns:
        (clusters, columns), in the order of the sorted keys.

    Raises:
        ValueError: lengths differ.
    """
    table = np.asarray(values, dtype=np.float64)
    table = table[:, None] if table.ndim == 1 else table
    keys = np.asarray(clusters)
    if len(keys) != len(table):
        raise ValueError(f"{len(table)} rows of values but {len(keys)} cluster keys; give one key a row")
    unique, place = np.unique(keys, return_inverse=True)
    sums = [np.bincount(place, weights=column, minlength=len(unique)) for column in table.T]
    return np.stack(sums, axis=1) if sums else np.zeros((len(unique), 0))


def resampled_sums(table: Floats, draws: int, seed: int) -> Floats:
    """Draw as many clusters as there are, with replacement, and sum them; `draws` times over.

    The result depends on the rows as a set, not on their order. Equal rows are drawn together (multinomial), which is the
    same distribution and makes counts, of which few differ, nearly free.

    Args:
        table: (clusters, columns), one or more clusters, finite.
        draws: number of bootstrap draws, 1 or more.
        seed: of numpy's default generator.

    Returns:
        (draws, columns).

    Raises:
        ValueError: draws below 1.
    """
    generator = drawing(draws, seed)
    rows, counts = np.unique(table, axis=0, return_counts=True)
    kinds, clusters = len(rows), len(table)
    sums = np.empty((draws, table.shape[1]))
    # A binomial costs about ten times a uniform integer.
    by_kind = kinds * 10 <= clusters
    step = max(1, BLOCK // (kinds if by_kind else clusters))
    owner = np.repeat(np.arange(kinds), counts)
    for start in range(0, draws, step):
        size = min(step, draws - start)
        if by_kind:
            weights = generator.multinomial(clusters, counts / clusters, size=size)
        else:
            picks = owner[generator.integers(clusters, size=(size, clusters))] + np.arange(size)[:, None] * kinds
            weights = np.bincount(picks.ravel(), minlength=size * kinds).reshape(size, kinds)
        sums[start : start + size] = weights @ rows
    return sums


def drawing(draws: int, seed: int) -> np.random.Generator:
    """numpy's default generator for `draws` draws. Raises ValueError for draws below 1."""
    if draws < 1:
        raise ValueError(f"draws is {draws}; 1 or more is allowed")
    return np.random.default_rng(seed)


def ratio(numerator: Floats, denominator: Floats) -> Floats:
    """Divide elementwise; NaN where the denominator is 0."""
    quotient: Floats = np.divide(
        numerator, denominator, out=np.full(np.shape(numerator), np.nan), where=denominator != 0
    )
    return quotient


def mean_of_scored(values: Floats) -> float:
    """Mean of the values that are not NaN; NaN without any."""
    kept = values[~np.isnan(values)]
    return float(kept.mean()) if kept.size else float("nan")


def means_by_key(values: Floats, keys: ArrayLike) -> Floats:
    """Mean of each key's values that are not NaN, in the order of the sorted keys; NaN for a key without any."""
    known = ~np.isnan(values)
    table = cluster_sums(np.stack([np.where(known, values, 0.0), known], axis=1), keys)
    return ratio(table[:, 0], table[:, 1])
