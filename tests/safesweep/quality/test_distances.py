"""FID and KID against their formulas, and states that add up."""

import math

import numpy as np
import pytest
import torch
from scipy import linalg

from safesweep.quality.distances import DistanceState

RNG = np.random.default_rng(0)
ONE, OTHER = RNG.normal(size=(60, 6)), RNG.normal(0.5, 1.5, size=(50, 6))


def state(pictures: np.ndarray, reference: np.ndarray, **options: int) -> DistanceState:
    found = DistanceState(pictures.shape[1], **options)
    found.add(torch.from_numpy(pictures), reference=False)
    found.add(torch.from_numpy(reference), reference=True)
    return found


def test_fid_is_the_frechet_distance():
    a, b = np.cov(ONE, rowvar=False), np.cov(OTHER, rowvar=False)
    gap = ONE.mean(axis=0) - OTHER.mean(axis=0)
    expected = gap @ gap + np.trace(a + b - 2 * linalg.sqrtm(a @ b).real)
    assert state(ONE, OTHER).distances().fid == pytest.approx(expected, rel=1e-4)


def test_kid_is_the_unbiased_cubic_mmd():
    # subsets as large as both sets: every draw is all of them, in another order
    x, y = ONE[:50], OTHER

    def kernel(left: np.ndarray, right: np.ndarray) -> np.ndarray:
        return (left @ right.T / left.shape[1] + 1) ** 3

    n = len(x)
    off = ~np.eye(n, dtype=bool)
    expected = (kernel(x, x)[off].sum() + kernel(y, y)[off].sum()) / (n * (n - 1)) - 2 * kernel(x, y).mean()
    found = state(x, y, subsets=2, subset_size=50).distances()
    assert found.kid == pytest.approx(expected, rel=1e-4)
    assert found.kid_std == pytest.approx(0, abs=1e-5)


def test_states_of_parts_merge_to_the_whole():
    whole = state(ONE, OTHER, subsets=3, subset_size=50).distances()
    merged = DistanceState(6, subsets=3, subset_size=50)
    for part in (state(ONE[:20], OTHER[:45]), state(ONE[20:], OTHER[45:])):
        merged.merge(part)
    found = merged.distances()
    assert (found.pictures, found.reference) == (60, 50)
    assert found.fid == pytest.approx(whole.fid, rel=1e-5)
    assert found.kid == pytest.approx(whole.kid, rel=0.2)
    merged.merge(state(ONE, OTHER))
    assert merged.distances().pictures == 120


def test_equal_sets_are_at_no_distance_and_few_pictures_have_none():
    found = state(ONE, ONE).distances()
    assert found.fid == pytest.approx(0, abs=1e-4) and found.kid < 1e-6
    assert found == state(ONE, ONE).distances()
    assert math.isnan(state(ONE[:1], ONE).distances().fid)
