"""The slow reference's gradient: where a prompt's embedding goes that CLIP finds too near a concept, straight from the formula."""

from functools import cache
from typing import TYPE_CHECKING, Any

import open_clip
import torch

from safesweep.guidance.methods.stg import SafeTextGuidance
from safesweep.models.base import DiffusionModel
from safesweep.models.text import TextEmbedding

if TYPE_CHECKING:
    from tests.safesweep.reference import Arithmetic


@cache
def _clip(name: str) -> Any:
    clip, _, _ = open_clip.create_model_and_transforms(name)
    return clip.eval().requires_grad_(False)


@torch.inference_mode(False)
@torch.enable_grad()
def steered_text(
    model: DiffusionModel,
    arithmetic: "Arithmetic",
    method: SafeTextGuidance,
    x: torch.Tensor,
    index: int,
    start: TextEmbedding,
) -> TextEmbedding:
    """c − ρ·∇_c max cos(CLIP(decoded x̂0 of ε(x_t, c)), concepts), where that cosine exceeds τ."""
    clip = _clip(method.clip.model)
    tokens = start.tokens.clone().requires_grad_(True)
    x_t = arithmetic.taken(x, index).clone()
    output = model.predict(x_t[None], arithmetic.timestep(index), [TextEmbedding(tokens, start.pooled)])
    [picture] = model.decoded(arithmetic.clean(x.clone(), index, output)).clamp(-1, 1)
    pixels = torch.nn.functional.interpolate(
        picture[None] / 2 + 0.5, clip.visual.image_size, mode="bicubic", antialias=True
    )
    features = clip.encode_image((pixels.clamp(0, 1) - 0.5) / 0.5, normalize=True)
    concepts = clip.encode_text(open_clip.get_tokenizer(method.clip.model)(list(method.concepts)), normalize=True)
    cosine = (features @ concepts.T).max()
    if cosine.item() <= method.threshold:
        return start
    cosine.backward()
    return TextEmbedding((tokens - method.negative_scale * tokens.grad).detach(), start.pooled)
