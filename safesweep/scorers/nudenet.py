"""NudeNet v3's detector: every box with its class and score."""

from collections.abc import Sequence

import numpy as np
from nudenet import nudenet
from numpy.typing import NDArray

from safesweep.lake.evidence import Measurement
from safesweep.scorers.base import Scorer
from safesweep.scorers.onnx_session import open_session
from safesweep.scorers.settings import ScorerSettings
from safesweep.scorers.weights import scorer_model
from safesweep.types import Picture

OWN_CUT = 0.2
"""The package forgets candidates below it."""


class NudeNetScorer(Scorer):
    """The network fed one way only: as the package feeds itself from a file, BGR, padded to a square. An RGB array scores differently
    there, and its ``providers`` and thread count are ignored; here the session is our own, and pictures go through it together.
    """

    def __init__(self, settings: ScorerSettings) -> None:
        self.name, self.model = settings.scorer, scorer_model(settings)
        self._side = settings.resolution
        self._session = open_session(settings)
        self._input = self._session.get_inputs()[0].name

    @property
    def providers(self) -> list[str]:
        """Where the network runs, the first first."""
        return list(self._session.get_providers())

    def score(self, pictures: Sequence[Picture], prompts: Sequence[str]) -> list[list[Measurement]]:
        fed = [nudenet._read_image(np.ascontiguousarray(picture[:, :, ::-1]), self._side) for picture in pictures]
        blob_NCHW = np.concatenate([blob for blob, *_ in fed])
        [out_NFK] = self._session.run(None, {self._input: blob_NCHW})
        return [self._boxes(out_FK, place) for out_FK, (_, *place) in zip(out_NFK, fed, strict=True)]

    def _boxes(self, out_FK: NDArray[np.float32], place: Sequence[float]) -> list[Measurement]:
        x_ratio, y_ratio, x_pad, y_pad, width, height = place
        candidates = np.flatnonzero(out_FK[4:].max(axis=0) >= OWN_CUT)
        if len(candidates) == 0:
            return []
        # its loop is slow, so it gets the candidates alone; two at least, since it squeezes a single one away
        kept = out_FK[:, candidates if len(candidates) > 1 else [*candidates, int(out_FK[4:].max(axis=0).argmin())]]
        found = nudenet._postprocess(
            [kept[None]], x_pad, y_pad, x_ratio, y_ratio, width, height, self._side, self._side
        )
        return [Measurement(box["class"], box["score"], _edges(box["box"])) for box in found]


def _edges(box: Sequence[int]) -> tuple[float, float, float, float]:
    x, y, width, height = box
    return float(x), float(y), float(width), float(height)
