"""CLIP zero-shot: which value of an attribute a picture shows, for the deviation ratio."""

from collections.abc import Sequence

import torch

from safesweep.lake.evidence import Measurement
from safesweep.scorers.base import Scorer
from safesweep.scorers.open_clip_model import OpenClip
from safesweep.scorers.settings import ScorerSettings
from safesweep.scorers.weights import scorer_model
from safesweep.types import Picture

OWN_PROMPT = "{prompt}"


class AttributeScorer(Scorer):
    """Of each value the raw cosine between the picture and the value's text; of several texts, with the direction of their mean (Radford
    et al. 2021, section 3.1.4). The picture has the value with the greatest.
    """

    def __init__(self, settings: ScorerSettings) -> None:
        self.name, self.model = settings.scorer, scorer_model(settings)
        self._texts = {value: list(texts) for value, texts in settings.attributes.items()}
        self._clip = OpenClip(settings)
        self._known: dict[str, torch.Tensor] = {}

    @torch.inference_mode()
    def score(self, pictures: Sequence[Picture], prompts: Sequence[str]) -> list[list[Measurement]]:
        seen = self._clip.pictures(pictures).float()
        values = list(self._texts)
        return [
            [
                Measurement(value, cosine)
                for value, cosine in zip(values, (self._described(prompt) @ picture).tolist(), strict=True)
            ]
            for picture, prompt in zip(seen, prompts, strict=True)
        ]

    def _described(self, prompt: str) -> torch.Tensor:
        """Unit vectors [values, D]."""
        own = any(OWN_PROMPT in text for texts in self._texts.values() for text in texts)
        key = prompt if own else ""
        if key not in self._known:
            rows = [
                self._clip.texts([text.replace(OWN_PROMPT, prompt) for text in texts]).float().mean(dim=0)
                for texts in self._texts.values()
            ]
            self._known = {key: torch.nn.functional.normalize(torch.stack(rows), dim=-1)}
        return self._known[key]
