"""The p-value of a paired difference by flipping the signs of whole clusters."""

import numpy as np
from numpy.typing import ArrayLike
from scipy import stats  # type: ignore[import-untyped, unused-ignore]

from safesweep.measures.resample import BLOCK, Floats, cluster_sums


def sign_flip(change: Floats, keys: ArrayLike, draws: int, seed: int) -> float:
    """Two-sided p-value of no difference, in (0, 1]; NaN without pairs.

    Exact when 2^clusters <= draws, else by a random sample of flips.

    Args:
        change: (pairs,) candidate minus baseline, finite.
        keys: (pairs,) cluster keys.
        draws: 1 or more.
        seed: of the flips.
    """
    if not len(change):
        return float("nan")
    sums = cluster_sums(change, keys)[:, 0]
    sums = np.sort(sums[sums != 0])
    # One cluster's two signs are equally far from zero.
    if len(sums) < 2:
        return 1.0
    if 2 ** len(sums) > draws:
        return _random_flips(sums, draws, seed)
    result = stats.permutation_test(
        (sums,),
        lambda x, axis: x.sum(axis=axis),
        permutation_type="samples",
        vectorized=True,
        n_resamples=draws,
        batch=max(1, BLOCK // len(sums)),
        rng=np.random.default_rng(seed),
    )
    return float(result.pvalue)


def _random_flips(sums: Floats, draws: int, seed: int) -> float:
    """`permutation_test` on a random sample of flips, with a binomial a distinct size: scipy draws each flip in a Python loop."""
    generator = np.random.default_rng(seed)
    sizes, counts = np.unique(np.abs(sums), return_counts=True)
    # A sum that only rounding tells from the observed one is as far out.
    bound = abs(sums.sum()) - 1e-12 * sizes @ counts
    step, extreme = max(1, BLOCK // len(sizes)), 0
    for start in range(0, draws, step):
        shape = (min(step, draws - start), len(sizes))
        heads = (
            generator.binomial(counts, 0.5, size=shape) if counts.max() > 1 else generator.integers(0, 2, size=shape)
        )
        extreme += int((np.abs((2 * heads - counts) @ sizes) >= bound).sum())
    return (extreme + 1) / (draws + 1)
