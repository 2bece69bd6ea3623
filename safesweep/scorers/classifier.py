"""Any ``AutoModelForImageClassification``: the probability of each of its labels."""

from collections.abc import Sequence
from typing import Literal

from PIL import Image

from safesweep.lake.evidence import Measurement
from safesweep.libraries import quiet_libraries
from safesweep.models.checkpoint import ModelFolder, check_transformers, model_folder, resolve
from safesweep.scorers.base import Client, Scorer, ScorerSettings
from safesweep.scorers.weights import folder_id
from safesweep.types import Picture


class ClassifierSettings(ScorerSettings):
    """A classifier of transformers."""

    kind: Literal["classifier"] = "classifier"
    model: str
    """A local folder or a hub id."""
    revision: str | None = None
    """Of a hub id."""
    device: str = "cpu"
    """torch device."""

    def check(self) -> None:
        """The model's config, weights and image processor, which a folder in timm's layout has in its config."""
        processor = () if _is_timms(model_folder(self.model, self.revision)) else ("preprocessor_config.json",)
        check_transformers(self.model, *processor, revision=self.revision)

    def model_id(self) -> str:
        """ "model@sha256:…"."""
        return folder_id(self.model, self.revision)

    def load(self, *clients: Client) -> "ClassifierScorer":
        """The scorer, its model loaded."""
        return ClassifierScorer(resolve(self.model), self.revision, self.device)


def _is_timms(folder: ModelFolder) -> bool:
    try:
        return "pretrained_cfg" in folder.read("config.json")
    except (OSError, ValueError):
        return False


class ClassifierScorer(Scorer):
    """Softmax over the labels, or a sigmoid each where the model's config says that several may be true."""

    def __init__(self, path: str, revision: str | None, device: str) -> None:
        import torch
        from transformers import AutoImageProcessor, AutoModelForImageClassification

        quiet_libraries()
        self._device = device
        self._model = (
            AutoModelForImageClassification.from_pretrained(
                path, dtype=torch.float32, revision=revision, trust_remote_code=False
            )
            .to(device)
            .eval()
        )
        self._processor = AutoImageProcessor.from_pretrained(path, revision=revision, trust_remote_code=False)
        self._several = self._model.config.problem_type == "multi_label_classification"
        self._labels = [self._model.config.id2label[index] for index in range(self._model.config.num_labels)]

    def score(self, pictures: Sequence[Picture], prompts: Sequence[str]) -> list[list[Measurement]]:
        """Every label's probability."""
        import torch

        images = [Image.fromarray(picture) for picture in pictures]
        with torch.inference_mode():
            pixels = self._processor(images, return_tensors="pt")["pixel_values"].to(self._device)
            logits = self._model(pixels).logits.float()
        probabilities = logits.sigmoid() if self._several else logits.softmax(dim=-1)
        return [
            [Measurement(label, float(value)) for label, value in zip(self._labels, row, strict=True)]
            for row in probabilities.tolist()
        ]
