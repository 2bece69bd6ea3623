"""NudeNet v3's detector: every box with its class and score."""

from collections.abc import Sequence
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field, PositiveInt, field_serializer

from safesweep.errors import InputError
from safesweep.lake.evidence import Measurement, detector_id
from safesweep.measures.profiles import lowest_threshold
from safesweep.scorers.base import Client, Scorer
from safesweep.scorers.onnx_session import OnnxSettings, Ports, is_of, run
from safesweep.scorers.weights import require_file, weights_id
from safesweep.types import Picture

if TYPE_CHECKING:
    import onnxruntime

NETWORK = "320n.onnx"
"""In the package."""
SIDE = 320
"""Pixels, of the package's network, which takes any."""
BOX, CLASSES = 4, 18
"""Numbers of a candidate: its place, and a score for each of the package's classes."""
OVERLAP = 0.45
"""Of two boxes whose intersection over union is more than it, the one with the lower score goes. The package's."""


class NudeNetSettings(OnnxSettings):
    """NudeNet v3."""

    kind: Literal["nudenet"] = "nudenet"
    model: str | None = None
    """An .onnx file; by default the package's 320n."""
    resolution: PositiveInt | None = None
    """Side in pixels of the detector's input; by default what the file fixes, or 320 where it takes any."""
    threshold: float = Field(default_factory=lowest_threshold, gt=0, le=1)
    """Lowest score of a box that is kept; by default the lowest that a profile asks of a detector."""

    @property
    def keeps_from(self) -> float:
        return self.threshold

    def network(self) -> Path:
        """The file of ``model``, or the package's."""
        if self.model is not None:
            return require_file(self, "model", self.model)
        found = find_spec("nudenet")  # its folder, without the libraries that importing it would load
        assert found is not None and found.origin is not None
        return Path(found.origin).with_name(NETWORK)

    def fit(self, ports: Ports) -> None:
        """Squares of three colours, and boxes with the package's 18 classes. Raises ``InputError``."""
        side = self.side(ports)
        if not is_of(ports.taken, None, 3, side, side):
            set_here = f", and resolution is {self.resolution}" if self.resolution else ""
            raise self.refuse_shape("input", ports.taken, f"N × 3 × side × side{set_here}")
        if not is_of(ports.given, None, BOX + CLASSES, None):
            raise self.refuse_shape("output", ports.given, f"N × {BOX + CLASSES} × any, as of the package's networks")

    def side(self, ports: Ports | None = None) -> int:
        """Side in pixels of the input: what is set, else what the file fixes. Raises ``InputError`` for a file that is no network."""
        if self.resolution is not None:
            return self.resolution
        shape = (ports or self.ports()).taken.shape
        return shape[-1] if shape and shape[-1] is not None else SIDE

    @field_serializer("resolution")
    def _written(self, resolution: int | None) -> int | None:
        # a run is gone on with at the size that it was measured with
        try:
            return self.side()
        except InputError:
            return resolution

    def model_id(self) -> str:
        """ "file@sha256:… (boxes from 0.2, 320 px)", the package's with its version: "nudenet-3.4.2/320n.onnx@…"."""
        weights = weights_id(self.model or f"nudenet-{version('nudenet')}/{NETWORK}", [self.network()])
        return detector_id(weights, self.threshold, self.side())

    def load(self, *clients: Client) -> "NudeNetScorer":
        """The scorer, its network loaded."""
        return NudeNetScorer(self.session(), self.side(), self.threshold)


class NudeNetScorer(Scorer):
    """The network fed one way only: as the package feeds itself from a file, BGR, padded to a square. An RGB array scores differently
    there, and its ``providers`` and thread count are ignored; here the session is our own, and pictures go through it together.

    The package keeps nothing below 0.25, whatever is asked. Here boxes are kept from ``threshold`` on, and from 0.25 on they are the
    package's own: suppression takes boxes by falling score, and drops one only for a box with a higher score.
    """

    def __init__(self, session: "onnxruntime.InferenceSession", side: int, threshold: float) -> None:
        self._session, self._side, self._threshold = session, side, threshold

    def score(self, pictures: Sequence[Picture], prompts: Sequence[str]) -> list[list[Measurement]]:
        """Every box with its class, its score, and its edges in pixels of the picture."""
        from nudenet import nudenet

        fed = [nudenet._read_image(np.ascontiguousarray(picture[:, :, ::-1]), self._side) for picture in pictures]
        out_NFK = run(self._session, np.concatenate([blob_1CHW for blob_1CHW, *_ in fed]))
        return [
            boxes(out_FK, self._side, (picture.shape[1], picture.shape[0]), self._threshold)
            for out_FK, picture in zip(out_NFK, pictures, strict=True)
        ]


def boxes(out_FK: NDArray[np.float32], side: int, size: tuple[int, int], threshold: float) -> list[Measurement]:
    """The boxes that the network's output says, by falling score.

    Args:
        out_FK: a column a candidate: centre x, centre y, width, height in pixels of the input, then a score a class.
        side: of the input, pixels.
        size: width and height of the picture, pixels; it was padded below or on the right to a square.
        threshold: the lowest score to keep, in (0, 1].
    """
    import cv2

    score_K, class_K = out_FK[4:].max(axis=0), out_FK[4:].argmax(axis=0)
    some = np.flatnonzero(score_K >= threshold)
    if len(some) == 0:
        return []
    x, y, width, height = out_FK[:4, some]
    scale = max(size)
    x, y = ((x - width / 2) * scale / side).clip(0, size[0]), ((y - height / 2) * scale / side).clip(0, size[1])
    width, height = np.minimum(width * scale / side, size[0] - x), np.minimum(height * scale / side, size[1] - y)
    edges = np.stack([x, y, width, height], axis=1).tolist()
    # Those below are gone already; the suppression's own cut leaves out a score that equals it.
    kept = cv2.dnn.NMSBoxes(edges, score_K[some].tolist(), 0.0, OVERLAP)
    names = labels()
    return [
        Measurement(names[class_K[some[k]]], float(score_K[some[k]]), _whole(edges[k])) for k in np.ravel(kept).tolist()
    ]


def labels() -> list[str]:
    """The classes, in the order of the network's scores."""
    from nudenet import nudenet

    return list(vars(nudenet)["__labels"])


def _whole(edges: Sequence[float]) -> tuple[float, float, float, float]:
    x, y, width, height = (float(int(edge)) for edge in edges)
    return x, y, width, height
