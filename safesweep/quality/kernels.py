"""The maximum mean discrepancy of two sets of vectors under a kernel, from sums of its values between groups of pictures.

The sums are made once; without a group they are what is left when its rows and columns are.
"""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray

Kernel = Callable[[torch.Tensor, torch.Tensor], torch.Tensor]
"""Vectors [N, width] and [M, width], float64, to the kernel's values [N, M]."""
ROWS = 1024
"""Of a kernel's matrix that are in memory at a time."""


def cubic(left: torch.Tensor, right: torch.Tensor) -> torch.Tensor:
    """KID's (Bińkowski et al. 2018): (x·y / width + 1)³."""
    return (left @ right.T / left.shape[1] + 1) ** 3


def gaussian(left: torch.Tensor, right: torch.Tensor) -> torch.Tensor:
    """CMMD's (Jayasumana et al. 2024): exp(-‖x - y‖² / (2 · 10²)) of vectors of length one."""
    left, right = (part / part.norm(dim=1, keepdim=True).clamp_min(1e-12) for part in (left, right))
    return torch.exp(-(2 - 2 * left @ right.T) / (2 * 10.0**2))


class Grouped(NamedTuple):
    """Vectors [N, width], and the group of each."""

    vectors: torch.Tensor
    groups: NDArray[np.int64]


class Discrepancy(NamedTuple):
    """Sums of a kernel between the groups of two sets, [groups, groups], and of its diagonal, [groups]."""

    within: NDArray[np.float64]
    """[2, groups, groups]: of the first set, of the second."""
    diagonal: NDArray[np.float64]
    """[2, groups]"""
    between: NDArray[np.float64]
    counts: NDArray[np.float64]
    """[2, groups]"""

    @classmethod
    def of(cls, kernel: Kernel, first: Grouped, second: Grouped, groups: int) -> "Discrepancy":
        """One pass over all pairs."""
        sets = (first, second)
        return cls(
            np.stack([_sums(kernel, one, one, groups) for one in sets]),
            np.stack([_diagonal(kernel, one, groups) for one in sets]),
            _sums(kernel, first, second, groups),
            np.stack([np.bincount(one.groups, minlength=groups) for one in sets]).astype(np.float64),
        )

    def unbiased(self, without: int | None = None) -> float:
        """The squared discrepancy as a U-statistic, which may be negative; NaN with fewer than two vectors in a set."""
        keep, (first, second) = self._kept(without)
        if min(first, second) < 2:
            return float("nan")
        alone = self.within[:, keep][:, :, keep].sum(axis=(1, 2)) - self.diagonal[:, keep].sum(axis=1)
        own = alone / np.array([first * (first - 1), second * (second - 1)])
        return float(own.sum() - 2 * self._across(keep, first, second))

    def biased(self, without: int | None = None) -> float:
        """The squared discrepancy as a V-statistic, never negative; NaN with an empty set."""
        keep, (first, second) = self._kept(without)
        if min(first, second) < 1:
            return float("nan")
        own = self.within[:, keep][:, :, keep].sum(axis=(1, 2)) / np.array([first**2, second**2])
        return float(own.sum() - 2 * self._across(keep, first, second))

    def _kept(self, without: int | None) -> tuple[NDArray[np.bool_], NDArray[np.float64]]:
        keep = np.arange(self.counts.shape[1]) != (-1 if without is None else without)
        return keep, self.counts[:, keep].sum(axis=1)

    def _across(self, keep: NDArray[np.bool_], first: float, second: float) -> float:
        return float(self.between[np.ix_(keep, keep)].sum() / (first * second))


def _sums(kernel: Kernel, left: Grouped, right: Grouped, groups: int) -> NDArray[np.float64]:
    columns = _one_hot(right.groups, groups)
    found = torch.zeros(groups, groups, dtype=torch.float64)
    for start in range(0, len(left.vectors), ROWS):
        part = slice(start, start + ROWS)
        values = kernel(left.vectors[part].double(), right.vectors.double())
        found += _one_hot(left.groups[part], groups).T @ values @ columns
    return np.asarray(found.numpy())


def _diagonal(kernel: Kernel, one: Grouped, groups: int) -> NDArray[np.float64]:
    values = [float(kernel(vector[None], vector[None])) for vector in one.vectors.double()]
    return np.asarray(np.bincount(one.groups, weights=values, minlength=groups), dtype=np.float64)


def _one_hot(groups: NDArray[np.int64], count: int) -> torch.Tensor:
    return torch.nn.functional.one_hot(torch.from_numpy(groups), count).double()
