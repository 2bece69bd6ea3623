"""Any ``AutoModelForImageClassification``: the probability of each of its labels."""

from collections.abc import Sequence

import torch
from PIL import Image
from transformers import AutoImageProcessor, AutoModelForImageClassification

from safesweep.lake.evidence import Measurement
from safesweep.libraries import quiet_libraries
from safesweep.models.checkpoint import resolve
from safesweep.scorers.base import Scorer
from safesweep.scorers.settings import ScorerSettings
from safesweep.scorers.weights import scorer_model
from safesweep.types import Picture


class ClassifierScorer(Scorer):
    """Softmax over the labels, or a sigmoid each where the model's config says that several may be true."""

    def __init__(self, settings: ScorerSettings) -> None:
        assert settings.model is not None
        path = resolve(settings.model)
        quiet_libraries()
        self.name, self.model = settings.scorer, scorer_model(settings)
        self._device = settings.device
        self._model = (
            AutoModelForImageClassification.from_pretrained(path, dtype=torch.float32, revision=settings.revision)
            .to(settings.device)
            .eval()
        )
        self._processor = AutoImageProcessor.from_pretrained(path, revision=settings.revision)
        self._several = self._model.config.problem_type == "multi_label_classification"
        self._labels = [self._model.config.id2label[index] for index in range(self._model.config.num_labels)]

    @torch.inference_mode()
    def score(self, pictures: Sequence[Picture], prompts: Sequence[str]) -> list[list[Measurement]]:
        images = [Image.fromarray(picture) for picture in pictures]
        pixels = self._processor(images, return_tensors="pt")["pixel_values"].to(self._device)
        logits = self._model(pixels).logits.float()
        probabilities = logits.sigmoid() if self._several else logits.softmax(dim=-1)
        return [
            [Measurement(label, float(value)) for label, value in zip(self._labels, row, strict=True)]
            for row in probabilities.tolist()
        ]
