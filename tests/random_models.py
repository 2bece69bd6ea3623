"""The miniature's classes with random weights: real models that no training is needed for."""

import torch
from diffusers import StableDiffusionPipeline

from miniature.training.models import make_pipeline, make_vae


def random_pipeline() -> StableDiffusionPipeline:
    """A small Stable Diffusion pipeline; the same weights at every call."""
    torch.manual_seed(0)
    return make_pipeline(make_vae())
