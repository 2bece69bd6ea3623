"""NudeNet v3's detector: every box with its class and score."""

from collections.abc import Sequence
from importlib.metadata import version
from pathlib import Path

import nudenet
import numpy as np
import onnxruntime

from actors.scorers.base import Measurement, Scorer
from actors.settings import ScorerSettings
from guidance.trajectory import Picture


class NudeNetScorer(Scorer):
    """The bundled 320n network, fed as it feeds itself from a file: BGR. An RGB array would score differently."""

    def __init__(self, settings: ScorerSettings, threads: int = 1) -> None:
        self.name, self.model = settings.scorer, f"nudenet-{version('nudenet')}/320n"
        self._detector = nudenet.NudeDetector()
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads
        weights = Path(nudenet.__file__).with_name("320n.onnx")
        # nudenet ignores its own `providers` and takes every core
        self._detector.onnx_session = onnxruntime.InferenceSession(
            str(weights), options, providers=onnxruntime.get_available_providers()
        )

    def score(self, pictures: Sequence[Picture], prompts: Sequence[str]) -> list[list[Measurement]]:
        return [
            [
                Measurement(found["class"], found["score"], tuple(float(edge) for edge in found["box"]))  # type: ignore[arg-type]
                for found in self._detector.detect(np.ascontiguousarray(picture[:, :, ::-1]))
            ]
            for picture in pictures
        ]
