"""An open_clip model: the options of the scorers that measure with one, and how it is loaded."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from PIL import Image

from safesweep.models.checkpoint import check_open_clip, resolve
from safesweep.scorers.base import ScorerSettings
from safesweep.scorers.weights import folder_weights, weights_id
from safesweep.types import Picture

if TYPE_CHECKING:
    import torch

LOCAL, HUB = "local-dir:", "hf-hub:"


class OpenClipSettings(ScorerSettings):
    """A scorer that compares CLIP embeddings."""

    model: str
    """An open_clip name, or ``local-dir:FOLDER``."""
    pretrained: str | None = None
    """open_clip's tag of pretrained weights, or their file."""
    device: str = "cpu"
    """torch device."""

    def check(self) -> None:
        """The model's files, or that open_clip knows its name and its tag."""
        check_open_clip(self.model, self.pretrained)

    def model_id(self) -> str:
        """ "model/tag@sha256:…"; "…@unknown" where open_clip fetches the weights from elsewhere than the hub."""
        tag = f"/{self.pretrained}" if self.pretrained else ""
        return weights_id(self.model + tag, open_clip_weights(self.model, self.pretrained))

    def clip(self) -> "OpenClip":
        """The model, loaded."""
        return OpenClip(self.model, self.pretrained, self.device)


def open_clip_weights(model: str, pretrained: str | None) -> list[Path]:
    """The weights files of an open_clip model; empty where open_clip fetches them from elsewhere than the hub.

    Raises ``InputError`` when they are not on this machine.
    """
    for prefix in (LOCAL, HUB):
        if model.startswith(prefix):
            return folder_weights(model.removeprefix(prefix), None)
    if pretrained is None:
        return []
    if Path(pretrained).is_file():
        return [Path(pretrained)]
    import open_clip

    hub = open_clip.get_pretrained_cfg(model, pretrained).get("hf_hub", "").rstrip("/")
    return folder_weights(hub, None) if hub else []


class OpenClip:
    """Pictures and texts into one space, with the model's own preprocessing."""

    def __init__(self, name: str, pretrained: str | None, device: str) -> None:
        """``name`` and ``pretrained`` as open_clip takes them; a relative ``local-dir:`` is looked for beside the code, too."""
        import open_clip

        if name.startswith(LOCAL):
            name = LOCAL + resolve(name.removeprefix(LOCAL))
        self._device = device
        model, _, self._preprocess = open_clip.create_model_and_transforms(name, pretrained=pretrained, device=device)
        self._model: Any = model.eval()
        self._tokenizer = open_clip.get_tokenizer(name)

    def pictures(self, pictures: Sequence[Picture]) -> "torch.Tensor":
        """Unit vectors [N, D], without gradients. ``pictures``: uint8 [H, W, 3] RGB."""
        import torch

        with torch.inference_mode():
            pixels = torch.stack([self._preprocess(Image.fromarray(picture)) for picture in pictures])
            return torch.as_tensor(self._model.encode_image(pixels.to(self._device), normalize=True))

    def texts(self, texts: Sequence[str]) -> "torch.Tensor":
        """Unit vectors [N, D], without gradients; what a text has beyond the model's length is cut off."""
        import torch

        with torch.inference_mode():
            tokens = self._tokenizer(list(texts)).to(self._device)
            return torch.as_tensor(self._model.encode_text(tokens, normalize=True))
