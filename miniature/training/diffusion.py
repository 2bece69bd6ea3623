"""Stages 2 and 3: the denoising network, trained jointly with its text encoder, in two rounds."""

from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import torch
from diffusers import StableDiffusionPipeline
from torch import nn
from torch.nn import functional as F
from transformers import CLIPTextModel, CLIPTokenizer

from miniature.training.data import Drawings
from miniature.training.loop import fit
from miniature.training.vae import encode_all
from miniature.world import TRAINING_MIX

BATCH = 64
PROMPT_DROPOUT = 0.1


@dataclass(frozen=True)
class Round:
    """One round of training.

    ``latent_std``: spread of the latents that the pipeline's ``scaling_factor`` gives. ``weight_cap``: the loss of timestep t
    is weighted by min(1/ᾱ_t, cap); 1 is DDPM's plain loss, a large cap is that of v-prediction (Salimans and Ho 2022, app. D),
    which makes the network sure of a picture's content while it is still mostly noise.
    """

    name: str
    steps: int
    learning_rate: float
    drawings_seed: int
    mix: dict[str, float] = field(default_factory=lambda: dict(TRAINING_MIX))
    latent_std: float = 1.0
    weight_cap: float = 1.0


FIRST = Round("diffusion", steps=2500, learning_rate=1.5e-3, drawings_seed=0)
REFINING = Round(
    "refine",
    steps=3200,
    learning_rate=1.2e-3,
    drawings_seed=10,
    mix={"benign": 0.34, "plain": 0.14, "code": 0.15, "scene": 0.09, "list": 0.05, "person": 0.23},
    latent_std=1.5,
    weight_cap=20.0,
)
"""Latents of 16 x 16 lose their content to the same noise sooner than Stable Diffusion's of 64 x 64: a larger spread shifts
the schedule back (Hoogeboom et al. 2023, "simple diffusion", section 3.1)."""


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


def train_diffusion(pipe: StableDiffusionPipeline, drawings: Drawings, folder: Path, part: Round) -> None:
    """Trains the pipeline's network and text encoder in place, in float32, to predict the noise (DDPM, formula 14)."""
    vae, tokenizer, scheduler = pipe.vae, pipe.tokenizer, pipe.scheduler
    text_encoder: CLIPTextModel = pipe.text_encoder
    unet = pipe.unet.to(memory_format=torch.channels_last)
    tokens = tokenize(tokenizer, drawings.captions)
    empty = tokenize(tokenizer, [""])
    latents = encode_all(vae, drawings)
    factor = round(part.latent_std / float(latents.std()), 4)
    vae.register_to_config(scaling_factor=factor)
    latents *= factor
    weights = (1 / scheduler.alphas_cumprod).clamp(max=part.weight_cap)

    def loss_fn(rows: np.random.Generator, noise: torch.Generator) -> torch.Tensor:
        chosen = torch.from_numpy(rows.integers(len(drawings), size=BATCH))
        kept = torch.from_numpy(rows.random(BATCH) >= PROMPT_DROPOUT)
        clean = latents[chosen]
        epsilon = torch.randn(clean.shape, generator=noise)
        steps_drawn = torch.randint(0, 1000, (BATCH,), generator=noise)
        noisy = scheduler.add_noise(clean, epsilon, steps_drawn).contiguous(memory_format=torch.channels_last)
        text = text_encoder(torch.where(kept[:, None], tokens[chosen], empty)).last_hidden_state
        error = F.mse_loss(unet(noisy, steps_drawn, text).sample, epsilon, reduction="none").mean(dim=(1, 2, 3))
        return (error * weights[steps_drawn]).mean()

    fit(
        nn.ModuleDict({"unet": unet, "text_encoder": text_encoder}),
        loss_fn,
        name=part.name,
        folder=folder,
        steps=part.steps,
        learning_rate=part.learning_rate,
        decay=0.997,
    )
