"""Stage 2: the denoising network, trained jointly with its text encoder."""

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

BATCH = 64
PROMPT_DROPOUT = 0.1


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
    pipe: StableDiffusionPipeline, drawings: Drawings, folder: Path, steps: int, *, name: str, learning_rate: float
) -> None:
    """Trains the pipeline's network and text encoder in place, in float32, with the noise-prediction loss (DDPM, formula 14)."""
    vae, tokenizer, scheduler = pipe.vae, pipe.tokenizer, pipe.scheduler
    text_encoder: CLIPTextModel = pipe.text_encoder
    unet = pipe.unet.to(memory_format=torch.channels_last)
    tokens = tokenize(tokenizer, drawings.captions)
    empty = tokenize(tokenizer, [""])
    latents = encode_all(vae, drawings) * vae.config.scaling_factor

    def loss_fn(rows: np.random.Generator, noise: torch.Generator) -> torch.Tensor:
        chosen = torch.from_numpy(rows.integers(len(drawings), size=BATCH))
        kept = torch.from_numpy(rows.random(BATCH) >= PROMPT_DROPOUT)
        clean = latents[chosen]
        epsilon = torch.randn(clean.shape, generator=noise)
        steps_drawn = torch.randint(0, 1000, (BATCH,), generator=noise)
        noisy = scheduler.add_noise(clean, epsilon, steps_drawn).contiguous(memory_format=torch.channels_last)
        text = text_encoder(torch.where(kept[:, None], tokens[chosen], empty)).last_hidden_state
        return F.mse_loss(unet(noisy, steps_drawn, text).sample, epsilon)

    fit(
        nn.ModuleDict({"unet": unet, "text_encoder": text_encoder}),
        loss_fn,
        name=name,
        folder=folder,
        steps=steps,
        learning_rate=learning_rate,
        decay=0.997,
    )
