"""Previews of the flow model, which its VLM learns from: what previews.py needs to know of it."""

from functools import partial
from itertools import pairwise
from pathlib import Path

import numpy as np
import torch
from diffusers import StableDiffusion3Pipeline
from numpy.typing import NDArray

from miniature.training.previews import Trace, make_previews
from miniature.training.trajectories import flow_levels
from safesweep.models.sd3 import StableDiffusion3

NAME = "previews-flow"
ASKED = (0.2, 0.92)
"""Noise levels between which previews are taken. Where there is more noise, they show nothing yet, and a VLM learns to guess."""


def levels(pipe: StableDiffusion3Pipeline, steps: int) -> tuple[float, ...]:
    """σ of each step of ``StableDiffusion3Pipeline`` and 0 at the end, [steps + 1]."""
    return flow_levels(pipe, steps, StableDiffusion3)


@torch.no_grad()
def denoise(
    model: StableDiffusion3,
    pipe: StableDiffusion3Pipeline,
    prompts: list[str],
    negatives: list[str],
    *,
    seed: int,
    steps: int,
    guidance_scale: float,
    negative_scale: float,
    negative_from: int,
) -> Trace:
    """Plain batched flow Euler; the negatives act from step ``negative_from`` on (VL-DNP). ``model`` is ``pipe``'s."""
    latents = torch.randn((len(prompts), 4, 16, 16), generator=torch.Generator().manual_seed(seed))
    told, against = [model.embed(text) for text in prompts], [model.embed(text) for text in negatives]
    empty = [model.embed("")] * len(prompts)
    predicted = []
    for index, (level, following) in enumerate(pairwise(levels(pipe, steps))):
        rows = [*empty, *told, *against] if index >= negative_from else [*empty, *told]
        parts = len(rows) // len(prompts)
        flows = model.noise(latents.repeat(parts, 1, 1, 1), torch.full((len(rows),), 1000 * level), rows).chunk(parts)
        guided = flows[0] + guidance_scale * (flows[1] - flows[0])
        predicted.append(latents - level * guided)
        if parts == 3:
            guided = guided - negative_scale * (flows[2] - flows[0])
        latents = latents + (following - level) * guided
    return Trace(latents, torch.stack(predicted))


def make_flow_previews(pipe: StableDiffusion3Pipeline, folder: Path) -> None:
    """Writes ``NAME.npz``, as ``previews.make_previews`` does of the diffusion model."""

    def likely(steps: int) -> NDArray[np.float64]:
        asked = np.array([ASKED[0] <= level <= ASKED[1] for level in levels(pipe, steps)[2:-1]], dtype=float)
        return np.asarray(asked / asked.sum())

    model = StableDiffusion3(pipe, text_tokens=0)
    make_previews(partial(denoise, model, pipe), pipe.vae, folder, NAME, likely)
