"""An open_clip model as the scorers that need one load it."""

from collections.abc import Sequence
from typing import Any

import open_clip
import torch
from PIL import Image

from safesweep.models.checkpoint import resolve
from safesweep.scorers.settings import ScorerSettings
from safesweep.scorers.weights import LOCAL
from safesweep.types import Picture


class OpenClip:
    """Pictures and texts into one space, with the model's own preprocessing."""

    def __init__(self, settings: ScorerSettings) -> None:
        assert settings.model is not None
        name = settings.model
        if name.startswith(LOCAL):
            name = LOCAL + resolve(name.removeprefix(LOCAL))
        self._device = settings.device
        model, _, self._preprocess = open_clip.create_model_and_transforms(
            name, pretrained=settings.pretrained, device=settings.device
        )
        self._model: Any = model.eval()
        self._tokenizer = open_clip.get_tokenizer(name)

    def pictures(self, pictures: Sequence[Picture]) -> torch.Tensor:
        """Unit vectors [N, D]. ``pictures``: uint8 [H, W, 3] RGB."""
        pixels = torch.stack([self._preprocess(Image.fromarray(picture)) for picture in pictures]).to(self._device)
        return torch.as_tensor(self._model.encode_image(pixels, normalize=True))

    def texts(self, texts: Sequence[str]) -> torch.Tensor:
        """Unit vectors [N, D]; what a text has beyond the model's length is cut off."""
        return torch.as_tensor(self._model.encode_text(self._tokenizer(list(texts)).to(self._device), normalize=True))
