"""A small diffusion model with random weights: real classes, no training, enough to compare numbers."""

from concurrent.futures import Future

import pytest
import torch
from diffusers import StableDiffusionPipeline

from guidance.model import DiffusionModel
from guidance.trajectory import Picture
from miniature.training.models import make_scheduler, make_text_encoder, make_tokenizer, make_unet, make_vae


@pytest.fixture(scope="session")
def pipe() -> StableDiffusionPipeline:
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


@pytest.fixture(scope="session")
def model(pipe: StableDiffusionPipeline) -> DiffusionModel:
    return DiffusionModel(pipe)


def observe(picture: Picture, question: str) -> str:
    """A deterministic stand-in for the VLM: its answer is read off the picture's colours."""
    red, green, _ = picture.reshape(-1, 3).mean(axis=0)
    seen = [term for term, shown in (("dagger", red > 127), ("flame", green > 127)) if shown]
    return ", ".join(seen) or "nothing"


def answered(value: str) -> "Future[str]":
    """A future that is there already."""
    future: Future[str] = Future()
    future.set_result(value)
    return future
