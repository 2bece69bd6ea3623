"""NudeNet v3's detector: every box with its class and score."""

from collections.abc import Sequence
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import PositiveInt

from safesweep.lake.evidence import Measurement
from safesweep.scorers.base import Client, Scorer
from safesweep.scorers.onnx_session import OnnxSettings
from safesweep.scorers.weights import require_file, weights_id
from safesweep.types import Picture

if TYPE_CHECKING:
    import onnxruntime

NETWORK = "320n.onnx"
"""In the package."""
OWN_CUT = 0.2
"""The package forgets candidates below it."""


class NudeNetSettings(OnnxSettings):
    """NudeNet v3."""

    kind: Literal["nudenet"] = "nudenet"
    model: str | None = None
    """An .onnx file; by default the package's 320n."""
    resolution: PositiveInt = 320
    """Side in pixels of the detector's input."""

    def network(self) -> Path:
        """The file of ``model``, or the package's."""
        if self.model is not None:
            return require_file(self, "model", self.model)
        found = find_spec("nudenet")  # its folder, without the libraries that importing it would load
        assert found is not None and found.origin is not None
        return Path(found.origin).with_name(NETWORK)

    def model_id(self) -> str:
        """ "file@sha256:…", the package's with its version: "nudenet-3.4.2/320n.onnx@…"."""
        return weights_id(self.model or f"nudenet-{version('nudenet')}/{NETWORK}", [self.network()])

    def load(self, *clients: Client) -> "NudeNetScorer":
        """The scorer, its network loaded."""
        return NudeNetScorer(self.session(), self.resolution)


class NudeNetScorer(Scorer):
    """The network fed one way only: as the package feeds itself from a file, BGR, padded to a square. An RGB array scores differently
    there, and its ``providers`` and thread count are ignored; here the session is our own, and pictures go through it together.
    """

    def __init__(self, session: "onnxruntime.InferenceSession", side: int) -> None:
        self._session, self._side = session, side
        self._input = session.get_inputs()[0].name

    def score(self, pictures: Sequence[Picture], prompts: Sequence[str]) -> list[list[Measurement]]:
        """Every box with its class, its score, and its edges in pixels of the picture."""
        from nudenet import nudenet

        fed = [nudenet._read_image(np.ascontiguousarray(picture[:, :, ::-1]), self._side) for picture in pictures]
        blob_NCHW = np.concatenate([blob for blob, *_ in fed])
        [out_NFK] = self._session.run(None, {self._input: blob_NCHW})
        return [self._boxes(out_FK, place) for out_FK, (_, *place) in zip(out_NFK, fed, strict=True)]

    def _boxes(self, out_FK: NDArray[np.float32], place: Sequence[float]) -> list[Measurement]:
        from nudenet import nudenet

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
