"""open_clip: how well a picture fits the prompt that it was made from, as a raw cosine."""

from collections.abc import Sequence
from typing import Literal

from safesweep.lake.evidence import Measurement
from safesweep.scorers.base import Client, Scorer
from safesweep.scorers.open_clip_model import OpenClip, OpenClipSettings
from safesweep.types import Picture


class ClipSettings(OpenClipSettings):
    """Fit of picture and prompt."""

    kind: Literal["clip"] = "clip"

    def load(self, *clients: Client) -> "ClipScorer":
        """The scorer, its model loaded."""
        return ClipScorer(self.clip())


class ClipScorer(Scorer):
    """Cosine of image and text embedding; published CLIP scores are conventions on top of it."""

    def __init__(self, clip: OpenClip) -> None:
        self._clip = clip

    def score(self, pictures: Sequence[Picture], prompts: Sequence[str]) -> list[list[Measurement]]:
        """``cosine``, in [-1, 1]."""
        cosines = (self._clip.pictures(pictures) * self._clip.texts(prompts)).sum(dim=-1)
        return [[Measurement("cosine", value)] for value in cosines.tolist()]
