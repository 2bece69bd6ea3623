"""FID, KID and CMMD of two sets of vectors, with intervals, as states that add up: files and machines can be counted apart and merged."""

import warnings
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import torch
from torchmetrics.image.fid import FrechetInceptionDistance

from safesweep.quality.jackknife import GROUPS, NAN, Estimate, group_of, jackknife
from safesweep.quality.kernels import Discrepancy, Grouped, cubic, gaussian

CMMD_SCALE = 1000.0
NONE = Estimate(NAN, NAN, NAN)


class Distances(NamedTuple):
    """How far a set of pictures is from its reference; NaN where there are too few."""

    fid: Estimate
    """Fréchet distance of two normal distributions (Heusel et al. 2017). Biased upwards, more so with few pictures."""
    kid: Estimate
    """Squared maximum mean discrepancy, cubic kernel (Bińkowski et al. 2018), of all pictures: unbiased, so it may be negative."""
    cmmd: Estimate
    """Squared maximum mean discrepancy, Gaussian kernel of 10, × 1000 (Jayasumana et al. 2024: CLIP's ViT-L/14 at 336 pixels)."""
    pictures: int
    reference: int


class _Given(torch.nn.Module):
    """Stands where torchmetrics has its network: the vectors are there already."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.num_features = width

    def forward(self, vectors: torch.Tensor) -> torch.Tensor:
        return vectors


class DistanceState:
    """The vectors of a set and of its reference, each with its prompt. That all are kept is wanted: the sets are benign prompts."""

    def __init__(self, width: int) -> None:
        self._width = width
        self._kept: dict[bool, list[torch.Tensor]] = {False: [], True: []}
        self._clusters: dict[bool, list[str]] = {False: [], True: []}

    def add(self, vectors: torch.Tensor, clusters: Sequence[str], *, reference: bool) -> None:
        """Counts vectors [N, width] in. ``clusters``: whose pictures are alike, one each: hashes of prompts, or files' names."""
        if len(vectors) != len(clusters):
            raise ValueError(f"{len(vectors)} vectors and {len(clusters)} clusters; one each is allowed")
        self._kept[reference].append(vectors.float().cpu())
        self._clusters[reference] += clusters

    def merge(self, other: "DistanceState") -> None:
        """Takes in what another state has counted."""
        for side in (False, True):
            self._kept[side] += other._kept[side]
            self._clusters[side] += other._clusters[side]

    def distances(self, groups: int = GROUPS) -> Distances:
        """The three distances. ``groups``: of prompts, for the intervals' jackknife; 0 for none."""
        pictures, reference = (len(self._clusters[side]) for side in (False, True))
        if min(pictures, reference) < 2:
            return Distances(NONE, NONE, NONE, pictures, reference)
        number = max(1, groups)
        made, shown = (
            Grouped(
                torch.cat(self._kept[side]), np.array([group_of(one, number) for one in self._clusters[side]], np.int64)
            )
            for side in (False, True)
        )
        filled = sorted({*made.groups.tolist(), *shown.groups.tolist()}) if groups else []
        kid, cmmd = (Discrepancy.of(kernel, made, shown, number) for kernel in (cubic, gaussian))
        return Distances(
            jackknife(self._fid(made, shown), [self._fid(made, shown, one) for one in filled]),
            jackknife(kid.unbiased(), [kid.unbiased(one) for one in filled]),
            _scaled(jackknife(cmmd.biased(), [cmmd.biased(one) for one in filled])),
            pictures,
            reference,
        )

    def _fid(self, made: Grouped, shown: Grouped, without: int | None = None) -> float:
        metric = FrechetInceptionDistance(feature=_Given(self._width), compute_with_cache=False)
        for one, real in ((made, False), (shown, True)):
            left = one.vectors[torch.from_numpy(one.groups != without)] if without is not None else one.vectors
            if len(left) < 2:
                return NAN
            metric.update(left, real=real)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", UserWarning)
            return float(metric.compute())


def _scaled(one: Estimate) -> Estimate:
    return Estimate(*(CMMD_SCALE * part for part in one))
