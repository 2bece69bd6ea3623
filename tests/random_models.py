"""The miniature's classes with random weights: real models that no training is needed for."""

import torch
from diffusers import StableDiffusionPipeline

from miniature.training.models import make_scheduler, make_text_encoder, make_tokenizer, make_unet, make_vae


def random_pipeline() -> StableDiffusionPipeline:
    """A small Stable Diffusion pipeline; the same weights at every call."""
    torch.manual_seed(0)
    tokenizer = make_tokenizer()
    return StableDiffusionPipeline(
        vae=make_vae(),
        text_encoder=make_text_encoder(tokenizer),
        tokenizer=tokenizer,
        unet=make_unet(),
        scheduler=make_scheduler(),
        safety_checker=None,
        feature_extractor=None,
        requires_safety_checker=False,
    )
