"""FID, KID and CMMD against their formulas and their library, intervals that cover, and states that add up."""

import math
import warnings

import numpy as np
import pytest
import torch
from scipy import linalg
from torchmetrics.image.kid import KernelInceptionDistance

from safesweep.quality.distances import DistanceState, _Given

RNG = np.random.default_rng(0)
ONE, OTHER = RNG.normal(size=(60, 6)), RNG.normal(0.5, 1.5, size=(50, 6))


def state(pictures: np.ndarray, reference: np.ndarray) -> DistanceState:
    found = DistanceState(pictures.shape[1])
    for vectors, is_reference in ((pictures, False), (reference, True)):
        found.add(torch.from_numpy(vectors), [f"p{n}" for n in range(len(vectors))], reference=is_reference)
    return found


def test_fid_is_the_frechet_distance():
    a, b = np.cov(ONE, rowvar=False), np.cov(OTHER, rowvar=False)
    gap = ONE.mean(axis=0) - OTHER.mean(axis=0)
    expected = gap @ gap + np.trace(a + b - 2 * linalg.sqrtm(a @ b).real)
    assert state(ONE, OTHER).distances().fid.value == pytest.approx(expected, rel=1e-4)


def test_kid_is_the_library_s_of_all_pictures():
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)
        metric = KernelInceptionDistance(feature=_Given(6), subsets=1, subset_size=50, compute_with_cache=False)
    metric.update(torch.from_numpy(OTHER).float(), real=True)
    metric.update(torch.from_numpy(ONE[:50]).float(), real=False)
    assert state(ONE[:50], OTHER).distances().kid.value == pytest.approx(float(metric.compute()[0]), rel=1e-4)


def test_cmmd_is_the_formula_of_its_paper():
    x, y = (part / np.linalg.norm(part, axis=1, keepdims=True) for part in (ONE, OTHER))

    def kernel(left: np.ndarray, right: np.ndarray) -> np.ndarray:
        return np.exp(-((left[:, None] - right[None]) ** 2).sum(axis=-1) / (2 * 10**2))

    expected = 1000 * (kernel(x, x).mean() + kernel(y, y).mean() - 2 * kernel(x, y).mean())
    assert state(ONE, OTHER).distances().cmmd.value == pytest.approx(expected, rel=1e-5)


@pytest.mark.parametrize("name", ["fid", "kid", "cmmd"])
def test_a_group_left_out_is_a_set_without_it(name):
    """The interval is Student's over what the distance is without each of the groups, each measured anew."""
    whole = state(ONE, OTHER)
    found = getattr(whole.distances(groups=4), name)
    left_out = []
    for group in range(4):
        part = DistanceState(6)
        for vectors, reference in ((ONE, False), (OTHER, True)):
            kept = [n for n in range(len(vectors)) if _group(f"p{n}") != group]
            part.add(torch.from_numpy(vectors[kept]), [f"p{n}" for n in kept], reference=reference)
        left_out.append(getattr(part.distances(groups=0), name).value)
    error = math.sqrt(3 / 4 * sum((one - np.mean(left_out)) ** 2 for one in left_out))
    assert found.high - found.value == pytest.approx(3.1824463 * error, rel=1e-3)
    assert found.low == pytest.approx(2 * found.value - found.high, rel=1e-3)


def _group(cluster: str) -> int:
    from hashlib import sha256

    return int(sha256(cluster.encode()).hexdigest()[:16], 16) % 4


def test_the_interval_of_paired_sets_covers():
    """Pairs of a prompt are alike, four a prompt; KID's truth is told from the kernel of a large sample."""
    rng = np.random.default_rng(1)

    def drawn(prompts: int) -> tuple[np.ndarray, np.ndarray]:
        centre = rng.normal(size=(prompts, 1, 4))
        both = [centre + 0.5 * rng.normal(size=(prompts, 4, 4)) + shift for shift in (0.0, 0.6)]
        return both[0].reshape(-1, 4), both[1].reshape(-1, 4)

    truth = _measured(*drawn(1500), groups=0).value
    inside = 0
    for _ in range(60):
        found = _measured(*drawn(60), groups=20)
        inside += found.low <= truth <= found.high
    assert inside >= 51  # of 60 at .95, one in a thousand sees fewer


def _measured(one: np.ndarray, other: np.ndarray, groups: int):
    made = DistanceState(4)
    for vectors, reference in ((one, False), (other, True)):
        made.add(torch.from_numpy(vectors), [f"p{n // 4}" for n in range(len(vectors))], reference=reference)
    made._fid = lambda *_: 0.0  # not what is looked at
    return made.distances(groups).kid


def test_states_of_parts_merge_to_the_whole():
    whole = state(ONE, OTHER).distances()
    merged = DistanceState(6)
    for start, ends in ((0, (20, 45)), (1, (60, 50))):
        begins = (20, 45) if start else (0, 0)
        for vectors, begin, end, reference in zip((ONE, OTHER), begins, ends, (False, True), strict=True):
            part = DistanceState(6)
            part.add(torch.from_numpy(vectors[begin:end]), [f"p{n}" for n in range(begin, end)], reference=reference)
            merged.merge(part)
    found = merged.distances()
    assert (found.pictures, found.reference) == (60, 50)
    for name in ("fid", "kid", "cmmd"):
        assert getattr(found, name) == pytest.approx(getattr(whole, name), rel=1e-6)


def test_equal_sets_are_at_no_distance_and_few_pictures_have_none():
    found = state(ONE, ONE).distances()
    assert found.fid.value == pytest.approx(0, abs=1e-4) and found.kid.value < 1e-6 and found.cmmd.value < 1e-9
    assert found == state(ONE, ONE).distances()
    assert math.isnan(state(ONE[:1], ONE).distances().fid.value)
    with pytest.raises(ValueError, match="3 vectors and 1 clusters"):
        DistanceState(2).add(torch.zeros(3, 2), ["p"], reference=True)
