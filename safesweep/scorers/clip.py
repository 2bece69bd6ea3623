"""open_clip: how well a picture fits the prompt that it was made from, as a raw cosine."""

from collections.abc import Sequence

import torch

from safesweep.lake.evidence import Measurement
from safesweep.scorers.base import Scorer
from safesweep.scorers.open_clip_model import OpenClip
from safesweep.scorers.settings import ScorerSettings
from safesweep.scorers.weights import scorer_model
from safesweep.types import Picture


class ClipScorer(Scorer):
    """Cosine of image and text embedding; published CLIP scores are conventions on top of it."""

    def __init__(self, settings: ScorerSettings) -> None:
        self.name, self.model = settings.scorer, scorer_model(settings)
        self._clip = OpenClip(settings)

    @torch.inference_mode()
    def score(self, pictures: Sequence[Picture], prompts: Sequence[str]) -> list[list[Measurement]]:
        cosines = (self._clip.pictures(pictures) * self._clip.texts(prompts)).sum(dim=-1)
        return [[Measurement("cosine", value)] for value in cosines.tolist()]
