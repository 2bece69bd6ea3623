"""CLIP zero-shot: which value of an attribute a picture shows, for the deviation ratio."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Literal

from pydantic import field_validator

from safesweep.lake.evidence import Measurement
from safesweep.scorers.base import Client, Scorer
from safesweep.scorers.open_clip_model import OpenClip, OpenClipSettings
from safesweep.types import Picture

if TYPE_CHECKING:
    import torch

OWN_PROMPT = "{prompt}"


class AttributeSettings(OpenClipSettings):
    """An attribute and its values."""

    kind: Literal["attribute"] = "attribute"
    attributes: dict[str, tuple[str, ...]]
    """Value -> the texts that describe it; ``{prompt}`` in them stands for the picture's own prompt."""

    @field_validator("attributes")
    @classmethod
    def _tells_apart(cls, attributes: dict[str, tuple[str, ...]]) -> dict[str, tuple[str, ...]]:
        if len(attributes) < 2 or not all(attributes.values()):
            raise ValueError("allowed: two or more values, each with a text")
        return attributes

    def load(self, *clients: Client) -> "AttributeScorer":
        """The scorer, its model loaded."""
        return AttributeScorer(self.clip(), self.attributes)


class AttributeScorer(Scorer):
    """Of each value the raw cosine between the picture and the value's text; of several texts, with the direction of their mean (Radford
    et al. 2021, section 3.1.4). The picture has the value with the greatest.
    """

    def __init__(self, clip: OpenClip, attributes: Mapping[str, Sequence[str]]) -> None:
        self._clip, self._texts = clip, attributes
        self._known: dict[str, torch.Tensor] = {}

    def score(self, pictures: Sequence[Picture], prompts: Sequence[str]) -> list[list[Measurement]]:
        """Every value's cosine, in [-1, 1]."""
        seen = self._clip.pictures(pictures).float()
        values = list(self._texts)
        return [
            [
                Measurement(value, cosine)
                for value, cosine in zip(values, (self._described(prompt) @ picture).tolist(), strict=True)
            ]
            for picture, prompt in zip(seen, prompts, strict=True)
        ]

    def _described(self, prompt: str) -> "torch.Tensor":
        """Unit vectors [values, D]."""
        import torch

        own = any(OWN_PROMPT in text for texts in self._texts.values() for text in texts)
        key = prompt if own else ""
        if key not in self._known:
            rows = [
                self._clip.texts([text.replace(OWN_PROMPT, prompt) for text in texts]).float().mean(dim=0)
                for texts in self._texts.values()
            ]
            self._known = {key: torch.nn.functional.normalize(torch.stack(rows), dim=-1)}
        return self._known[key]
