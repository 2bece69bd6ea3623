"""A small diffusion model with random weights: real classes, no training, enough to compare numbers."""

from concurrent.futures import Future

import pytest
from diffusers import StableDiffusionPipeline

from safesweep.models.base import DiffusionModel
from safesweep.models.stable_diffusion import StableDiffusion
from safesweep.types import Picture
from tests.random_models import random_pipeline


@pytest.fixture(scope="session")
def pipe() -> StableDiffusionPipeline:
    return random_pipeline()


@pytest.fixture(scope="session")
def model(pipe: StableDiffusionPipeline) -> DiffusionModel:
    return StableDiffusion(pipe)


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
