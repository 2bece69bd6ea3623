"""FID and KID of two sets of vectors, as states that add up: files and machines can be counted apart and merged."""

import warnings
from typing import NamedTuple

import torch
from torchmetrics.image.fid import FrechetInceptionDistance
from torchmetrics.image.kid import KernelInceptionDistance

NAN = float("nan")


class Distances(NamedTuple):
    """How far a set of pictures is from its reference; NaN where there are too few."""

    fid: float
    """Fréchet distance of two normal distributions (Heusel et al. 2017). Biased upwards, more so with few pictures."""
    kid: float
    """Squared maximum mean discrepancy, cubic kernel (Bińkowski et al. 2018): unbiased, so it may be slightly negative."""
    kid_std: float
    """Standard deviation over the subsets."""
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
    """Sums of a set and its reference."""

    def __init__(self, width: int, subsets: int = 100, subset_size: int = 1000) -> None:
        self.subset_size = subset_size
        with warnings.catch_warnings():
            # that it keeps all vectors is known and wanted: the sets are benign prompts
            warnings.simplefilter("ignore", UserWarning)
            self._fid = FrechetInceptionDistance(feature=_Given(width), compute_with_cache=False)
            self._kid = KernelInceptionDistance(
                feature=_Given(width), subsets=subsets, subset_size=subset_size, compute_with_cache=False
            )
        # a state that only ever takes in others must know its dtype too
        self.add(torch.zeros(0, width), reference=True)

    def add(self, vectors: torch.Tensor, *, reference: bool) -> None:
        """Counts vectors [N, width] in."""
        vectors = vectors.float().cpu()
        for metric in (self._fid, self._kid):
            metric.update(vectors, real=reference)

    def merge(self, other: "DistanceState") -> None:
        """Takes in what another state has counted."""
        for mine, theirs in ((self._fid, other._fid), (self._kid, other._kid)):
            mine.merge_state(theirs)

    def distances(self, seed: int = 0) -> Distances:
        """The two distances; KID's subsets are as large as asked for, or as the smaller set allows, and drawn with ``seed``."""
        pictures, reference = int(self._fid.fake_features_num_samples), int(self._fid.real_features_num_samples)
        if min(pictures, reference) < 2:
            return Distances(NAN, NAN, NAN, pictures, reference)
        self._kid.subset_size = min(self.subset_size, pictures, reference)
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            mean, deviation = self._kid.compute()
        return Distances(float(self._fid.compute()), float(mean), float(deviation), pictures, reference)
