"""Stages 2 and 3: the denoising network, trained jointly with its text encoder; first as published, then with weight on early steps."""

from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
from diffusers import StableDiffusionPipeline
from torch import nn
from torch.nn import functional as F
from transformers import CLIPTextModel, CLIPTokenizer

from miniature.training.data import Drawings
from miniature.training.loop import fit
from miniature.training.vae import encode_all

BATCH = 64
PROMPT_DROPOUT = 0.1
TIMESTEPS = 1000
EARLY_FROM = 350
"""From this timestep on Stable Diffusion's schedule holds more noise than picture: there a prompt's content is decided."""
FIRST_SHARE, EARLY_SHARE = 0.06, 0.64
LARGEST_WEIGHT, FIRST_WEIGHT = 8.0, 20.0


class Levels(NamedTuple):
    """What a batch is noised with: ``timesteps`` int64 [B], ``signal`` in 0 and 1 and the loss's ``weight``, float32 [B]."""

    timesteps: torch.Tensor
    signal: torch.Tensor
    weight: torch.Tensor


LevelsFn = Callable[[torch.Generator, torch.Tensor], Levels]
"""(generator, the scheduler's alphas_cumprod) -> a batch's noise levels."""


def uniform_levels(noise: torch.Generator, alphas: torch.Tensor) -> Levels:
    """Every timestep alike, every one with weight 1 (DDPM, formula 14)."""
    drawn = torch.randint(0, TIMESTEPS, (BATCH,), generator=noise)
    return Levels(drawn, torch.ones(BATCH), torch.ones(BATCH))


def early_levels(noise: torch.Generator, alphas: torch.Tensor) -> Levels:
    """Most timesteps from ``EARLY_FROM`` on, weighted towards an even loss in the predicted clean picture.

    A share of the rows is what sampling begins with: pure noise at the last timestep, where Stable Diffusion's schedule would
    still hold a trace of the picture (Lin et al. 2024, "Common diffusion noise schedules and sample steps are flawed").
    """
    place = (torch.randperm(BATCH, generator=noise) + torch.rand(BATCH, generator=noise)) / BATCH
    first = place < FIRST_SHARE
    early = (place - FIRST_SHARE) / EARLY_SHARE
    late = (place - FIRST_SHARE - EARLY_SHARE) / (1 - FIRST_SHARE - EARLY_SHARE)
    drawn = torch.where(early < 1, EARLY_FROM + early * (TIMESTEPS - EARLY_FROM), late * EARLY_FROM)
    drawn = torch.where(first, TIMESTEPS - 1, drawn.long().clamp(0, TIMESTEPS - 1))
    weight = torch.where(first, FIRST_WEIGHT, (1 / alphas[drawn]).clamp(max=LARGEST_WEIGHT))
    return Levels(drawn, (~first).float(), weight)


def tokenize(tokenizer: CLIPTokenizer, captions: list[str]) -> torch.Tensor:
    """Token ids, int64 [N, T], padded and truncated to the tokenizer's length."""
    encoded = tokenizer(
        captions,
        padding="max_length",
        truncation=True,
        max_length=tokenizer.model_max_length,
        return_tensors="pt",
    )
    return torch.as_tensor(encoded.input_ids)


def train_diffusion(
    pipe: StableDiffusionPipeline,
    drawings: Drawings,
    folder: Path,
    steps: int,
    *,
    name: str,
    learning_rate: float,
    levels: LevelsFn = uniform_levels,
    stop: int | None = None,
) -> None:
    """Trains the pipeline's network and text encoder in place, in float32, to predict the noise at the ``levels`` drawn.

    ``stop`` ends early what the learning rate's schedule has ``steps`` for.
    """
    vae, tokenizer, scheduler = pipe.vae, pipe.tokenizer, pipe.scheduler
    text_encoder: CLIPTextModel = pipe.text_encoder
    unet = pipe.unet.to(memory_format=torch.channels_last)
    tokens = tokenize(tokenizer, drawings.captions)
    empty = tokenize(tokenizer, [""])
    latents = encode_all(vae, drawings) * vae.config.scaling_factor
    alphas = scheduler.alphas_cumprod.float()

    def loss_fn(rows: np.random.Generator, noise: torch.Generator) -> torch.Tensor:
        chosen = torch.from_numpy(rows.integers(len(drawings), size=BATCH))
        kept = torch.from_numpy(rows.random(BATCH) >= PROMPT_DROPOUT)
        clean = latents[chosen]
        drawn = torch.randn(clean.shape, generator=noise)
        timesteps, signal, weight = levels(noise, alphas)
        alpha = alphas[timesteps, None, None, None]
        noisy = alpha.sqrt() * signal[:, None, None, None] * clean + (1 - alpha).sqrt() * drawn
        target = (noisy - alpha.sqrt() * clean) / (1 - alpha).sqrt()
        text = text_encoder(torch.where(kept[:, None], tokens[chosen], empty)).last_hidden_state
        predicted = unet(noisy.contiguous(memory_format=torch.channels_last), timesteps, text).sample
        return (weight[:, None, None, None] * F.mse_loss(predicted, target, reduction="none")).mean()

    fit(
        nn.ModuleDict({"unet": unet, "text_encoder": text_encoder}),
        loss_fn,
        name=name,
        folder=folder,
        steps=steps,
        learning_rate=learning_rate,
        decay=0.997,
        stop=stop,
    )
