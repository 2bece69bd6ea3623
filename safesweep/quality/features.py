"""What a picture becomes before two sets are compared: a vector by CLIP, by a classifier's last layer but one, or by Inception."""

from collections.abc import Callable, Sequence
from typing import Any, Literal, NamedTuple

import torch
from PIL import Image
from pydantic import PositiveInt, model_validator

from safesweep.errors import InputError
from safesweep.models.checkpoint import check_open_clip, check_transformers, resolve
from safesweep.settings import Section
from safesweep.types import Picture

INCEPTION_WIDTH = 2048


class FeatureSettings(Section):
    """Which features. Distances of different features are different measures: their name goes with every number."""

    kind: Literal["clip", "classifier", "inception"] = "clip"
    """inception is what papers print as FID; it needs torch-fidelity and its weights."""
    model: str
    """clip: an open_clip name or ``local-dir:FOLDER``; classifier: folder or hub id; inception: the weights' file."""
    pretrained: str | None = None
    """clip: open_clip's tag of pretrained weights."""
    device: str = "cpu"
    batch_size: PositiveInt = 32

    @model_validator(mode="after")
    def _fits(self) -> "FeatureSettings":
        if self.pretrained is not None and self.kind != "clip":
            raise ValueError(f"pretrained belongs to kind clip; kind is {self.kind}")
        return self

    @property
    def name(self) -> str:
        """Shown with every number."""
        return " ".join(filter(None, (self.kind, self.model, self.pretrained)))


class Features(NamedTuple):
    """A function of pictures, and how long its vectors are."""

    width: int
    of: Callable[[Sequence[Picture]], torch.Tensor]
    """uint8 [H, W, 3] RGB pictures to float [N, width]."""


def check_features(settings: FeatureSettings) -> None:
    """Raises ``InputError`` when the model cannot be had, before anything is loaded."""
    if settings.kind == "clip":
        check_open_clip(settings.model, settings.pretrained)
    elif settings.kind == "classifier":
        check_transformers(settings.model, "preprocessor_config.json")
    else:
        _inception_class()
        resolve(settings.model)


def make_features(settings: FeatureSettings) -> Features:
    """Loads the model."""
    if settings.kind == "clip":
        return _clip(settings)
    return _classifier(settings) if settings.kind == "classifier" else _inception(settings)


def _clip(settings: FeatureSettings) -> Features:
    from safesweep.scorers.open_clip_model import OpenClip

    model = OpenClip(settings.model, settings.pretrained, settings.device)
    return _measured(torch.inference_mode()(model.pictures))


def _classifier(settings: FeatureSettings) -> Features:
    from transformers import AutoImageProcessor, AutoModel

    path = resolve(settings.model)
    model: Any = (
        AutoModel.from_pretrained(path, dtype=torch.float32, trust_remote_code=False).to(settings.device).eval()
    )
    processor = AutoImageProcessor.from_pretrained(path, trust_remote_code=False)

    @torch.inference_mode()
    def of(pictures: Sequence[Picture]) -> torch.Tensor:
        images = [Image.fromarray(picture) for picture in pictures]
        found = model(processor(images, return_tensors="pt")["pixel_values"].to(settings.device))
        pooled = found.pooler_output if found.get("pooler_output") is not None else found.last_hidden_state.mean(dim=1)
        return torch.as_tensor(pooled).flatten(1)

    return _measured(of)


def _inception(settings: FeatureSettings) -> Features:
    network = _inception_class()(
        name="inception-v3-compat",
        features_list=[str(INCEPTION_WIDTH)],
        feature_extractor_weights_path=resolve(settings.model),
    ).to(settings.device)

    @torch.inference_mode()
    def of(pictures: Sequence[Picture]) -> torch.Tensor:
        pixels = torch.stack([torch.from_numpy(picture.copy()).permute(2, 0, 1) for picture in pictures])
        return torch.as_tensor(network(pixels.to(settings.device)))

    return Features(INCEPTION_WIDTH, of)


def _inception_class() -> Any:
    from torchmetrics.image import fid

    if not fid._TORCH_FIDELITY_AVAILABLE:  # type: ignore[attr-defined]
        raise InputError(
            "features: kind inception needs the package torch-fidelity; allowed without it: clip, classifier"
        )
    return fid.NoTrainInceptionV3


def _measured(of: Callable[[Sequence[Picture]], torch.Tensor]) -> Features:
    """With the width as a grey picture shows it."""
    import numpy as np

    return Features(int(of([np.full((64, 64, 3), 128, dtype=np.uint8)]).shape[1]), of)
