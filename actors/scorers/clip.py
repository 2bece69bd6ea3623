"""open_clip: how well a picture fits the prompt that it was made from, as a raw cosine."""

from collections.abc import Sequence

import open_clip
import torch
from PIL import Image

from actors.scorers.base import Measurement, Scorer
from actors.settings import ScorerSettings
from guidance.checkpoint import digest, resolve
from guidance.errors import InputError
from guidance.trajectory import Picture

LOCAL = "local-dir:"


class ClipScorer(Scorer):
    """Cosine of image and text embedding; published CLIP scores are conventions on top of it."""

    def __init__(self, settings: ScorerSettings) -> None:
        if settings.model is None:
            raise InputError("scorer 'clip': model is missing; allowed: an open_clip model or local-dir:FOLDER")
        name = settings.model
        if name.startswith(LOCAL):
            name = LOCAL + resolve(name.removeprefix(LOCAL))
        self.name = settings.scorer
        known = digest(settings.model) if ":" in settings.model else settings.pretrained
        self.model = f"{settings.model}@{known}"
        self._device = settings.device
        model, _, self._preprocess = open_clip.create_model_and_transforms(
            name, pretrained=settings.pretrained, device=settings.device
        )
        self._model = model.eval()
        self._tokenizer = open_clip.get_tokenizer(name)

    @torch.inference_mode()
    def score(self, pictures: Sequence[Picture], prompts: Sequence[str]) -> list[list[Measurement]]:
        pixels = torch.stack([self._preprocess(Image.fromarray(picture)) for picture in pictures]).to(self._device)
        tokens = self._tokenizer(list(prompts)).to(self._device)
        image = self._model.encode_image(pixels, normalize=True)
        text = self._model.encode_text(tokens, normalize=True)
        return [[Measurement("cosine", value)] for value in (image * text).sum(dim=-1).tolist()]
