"""A differentiable scorer of pictures: how near CLIP puts one to texts that name what is unwanted."""

from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Annotated, Any

import torch
from pydantic import BeforeValidator, InstanceOf, PlainSerializer

from safesweep.errors import InputError
from safesweep.models.checkpoint import check_open_clip, digest, resolve

if TYPE_CHECKING:
    from collections.abc import Sequence

LOCAL = "local-dir:"


@dataclass(frozen=True, eq=False)
class ConceptClip:
    """An open_clip model; two are equal when the content of their folders is. The network is loaded where it is used, once a process."""

    model: str
    """``local-dir:FOLDER`` or ``hf-hub:ID``."""
    digest: str
    """Of its files."""

    def __eq__(self, other: object) -> bool:
        return isinstance(other, ConceptClip) and self.digest == other.digest

    def __hash__(self) -> int:
        return hash(self.digest)

    @classmethod
    def named(cls, model: str) -> "ConceptClip":
        """Checks that its files are on this machine. Raises ``InputError``."""
        if not model.startswith((LOCAL, "hf-hub:")):
            raise InputError(
                f"clip: found {model!r}; allowed: local-dir:FOLDER or hf-hub:ID, whose content names the trial"
            )
        check_open_clip(model)
        return cls(model, digest(model))

    def nearest(self, pictures_B3HW: torch.Tensor, concepts: "Sequence[str]") -> torch.Tensor:
        """The largest cosine of each picture and a concept, [B], with gradients where the caller records them.

        Pictures are float32 from -1 to 1; they are resized as the model's own preprocessing does, but as tensors.
        """
        network, texts_KD = _loaded(self, tuple(concepts), pictures_B3HW.device)
        pixels = _preprocessed((pictures_B3HW / 2 + 0.5).clamp(0, 1), network.visual)
        found: torch.Tensor = (network.encode_image(pixels, normalize=True) @ texts_KD.T).amax(dim=1)
        return found


@lru_cache(maxsize=4)
def _loaded(clip: ConceptClip, concepts: tuple[str, ...], device: torch.device) -> tuple[Any, torch.Tensor]:
    import open_clip

    name = LOCAL + resolve(clip.model.removeprefix(LOCAL)) if clip.model.startswith(LOCAL) else clip.model
    network, _, _ = open_clip.create_model_and_transforms(name, device=device)
    network.eval().requires_grad_(False)
    with torch.no_grad():
        texts = network.encode_text(open_clip.get_tokenizer(name)(list(concepts)).to(device), normalize=True)
    return network, texts


def _preprocessed(pictures_B3HW: torch.Tensor, visual: Any) -> torch.Tensor:
    config = visual.preprocess_cfg
    size = config["size"] if isinstance(config["size"], list | tuple) else (config["size"], config["size"])
    if config["resize_mode"] == "squash":
        resized = _resize(pictures_B3HW, tuple(size))
    else:  # the shortest side fits, and the middle is cut out
        height, width = pictures_B3HW.shape[-2:]
        scale = max(size[0] / height, size[1] / width)
        resized = _resize(pictures_B3HW, (max(size[0], round(height * scale)), max(size[1], round(width * scale))))
        top, left = ((resized.shape[-2 + axis] - size[axis]) // 2 for axis in range(2))
        resized = resized[..., top : top + size[0], left : left + size[1]]
    mean, std = (resized.new_tensor(config[name])[:, None, None] for name in ("mean", "std"))
    return (resized.clamp(0, 1) - mean) / std


def _resize(pictures_B3HW: torch.Tensor, size: tuple[int, int]) -> torch.Tensor:
    return torch.nn.functional.interpolate(
        pictures_B3HW, size=size, mode="bicubic", align_corners=False, antialias=True
    )


def _by_name(value: Any) -> Any:
    return ConceptClip.named(value) if isinstance(value, str) else value


def _as_digest(clip: ConceptClip) -> str:
    return f"sha256:{clip.digest}"


NamedClip = Annotated[InstanceOf[ConceptClip], BeforeValidator(_by_name), PlainSerializer(_as_digest)]
"""A CLIP as an option of a method: written by name; in a cell's JSON, and so in trial ids, by the digest of its files."""
