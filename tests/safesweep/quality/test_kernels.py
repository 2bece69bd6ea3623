"""Sums between groups give the discrepancy of all, and of all but one group."""

import math

import numpy as np
import pytest
import torch

from safesweep.quality.kernels import ROWS, Discrepancy, Grouped, cubic, gaussian

RNG = np.random.default_rng(0)


@pytest.mark.parametrize("kernel", [cubic, gaussian])
@pytest.mark.parametrize("without", [None, 0, 2])
def test_it_is_the_double_sum(kernel, without):
    sets = [Grouped(torch.from_numpy(RNG.normal(size=(n, 5))), RNG.integers(0, 3, n)) for n in (20, 17)]
    found = Discrepancy.of(kernel, *sets, 3)
    x, y = (
        one.vectors[torch.from_numpy(one.groups != without)] if without is not None else one.vectors for one in sets
    )
    sums = [
        sum(float(kernel(a[None], b[None])) for a in left for b in right) for left, right in ((x, x), (y, y), (x, y))
    ]
    own = [sum(float(kernel(a[None], a[None])) for a in side) for side in (x, y)]
    m, n = len(x), len(y)
    biased = sums[0] / m**2 + sums[1] / n**2 - 2 * sums[2] / (m * n)
    unbiased = (sums[0] - own[0]) / (m * (m - 1)) + (sums[1] - own[1]) / (n * (n - 1)) - 2 * sums[2] / (m * n)
    assert found.biased(without) == pytest.approx(biased, rel=1e-9, abs=1e-12)
    assert found.unbiased(without) == pytest.approx(unbiased, rel=1e-9, abs=1e-12)


def test_more_rows_than_are_in_memory_at_a_time():
    vectors = torch.from_numpy(RNG.normal(size=(ROWS + 7, 3)))
    one, other = Grouped(vectors, np.zeros(len(vectors), np.int64)), Grouped(vectors[:5] + 1, np.zeros(5, np.int64))
    values = cubic(vectors, vectors)
    expected = float(
        values.mean() + cubic(vectors[:5] + 1, vectors[:5] + 1).mean() - 2 * cubic(vectors, vectors[:5] + 1).mean()
    )
    assert Discrepancy.of(cubic, one, other, 1).biased() == pytest.approx(expected, rel=1e-9)


def test_of_nothing_there_is_none():
    one = Grouped(torch.ones(1, 3), np.zeros(1, np.int64))
    assert math.isnan(Discrepancy.of(cubic, one, one, 2).unbiased()) and math.isnan(
        Discrepancy.of(cubic, one, one, 2).biased(0)
    )
