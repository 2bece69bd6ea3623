"""The flow-matching network, trained jointly with its text encoders on the autoencoder's latents (Esser et al. 2024, arXiv 2403.03206)."""

from pathlib import Path

import numpy as np
import torch
from diffusers import StableDiffusion3Pipeline
from torch import nn
from torch.nn import functional as F

from miniature.training.data import Drawings
from miniature.training.diffusion import BATCH, PROMPT_DROPOUT, tokenize
from miniature.training.loop import fit
from miniature.training.vae import encode_all

FIRST_SHARE = 0.06
"""Of a batch's rows: pure noise, which sampling begins with."""
SHIFT = 3.0
"""Of the noise levels that are drawn, as of those that are sampled at: more of them are early."""


def draw_levels(noise: torch.Generator, first_share: float = FIRST_SHARE) -> torch.Tensor:
    """σ of a batch in (0, 1], float32 [B]: logit-normal (section 3.1), shifted (section 5.3.2), a share of them 1."""
    place = (torch.randperm(BATCH, generator=noise) + torch.rand(BATCH, generator=noise)) / BATCH
    drawn = torch.sigmoid(torch.randn(BATCH, generator=noise))
    shifted = SHIFT * drawn / (1 + (SHIFT - 1) * drawn)
    return torch.where(place < first_share, torch.ones(BATCH), shifted)


def train_flow(
    pipe: StableDiffusion3Pipeline,
    drawings: Drawings,
    folder: Path,
    steps: int,
    *,
    name: str,
    learning_rate: float,
    stop: int | None = None,
) -> None:
    """Trains the pipeline's network and text encoders in place, in float32, to predict v = ε − x0 at x = (1 − σ)·x0 + σ·ε.

    ``stop`` ends early what the learning rate's schedule has ``steps`` for.
    """
    network, vae = pipe.transformer, pipe.vae
    encoders = nn.ModuleList([pipe.text_encoder, pipe.text_encoder_2])
    tokens = tokenize(pipe.tokenizer, drawings.captions)
    empty = tokenize(pipe.tokenizer, [""])
    latents = encode_all(vae, drawings) * vae.config.scaling_factor

    def loss_fn(rows: np.random.Generator, noise: torch.Generator) -> torch.Tensor:
        chosen = torch.from_numpy(rows.integers(len(drawings), size=BATCH))
        kept = torch.from_numpy(rows.random(BATCH) >= PROMPT_DROPOUT)
        clean = latents[chosen]
        drawn = torch.randn(clean.shape, generator=noise)
        level = draw_levels(noise)
        apart = level[:, None, None, None]
        made = [
            encoder(torch.where(kept[:, None], tokens[chosen], empty), output_hidden_states=True)
            for encoder in encoders
        ]
        predicted = network(
            hidden_states=(1 - apart) * clean + apart * drawn,
            timestep=1000 * level,
            encoder_hidden_states=torch.cat([one.hidden_states[-2] for one in made], dim=-1),
            pooled_projections=torch.cat([one.text_embeds for one in made], dim=-1),
        ).sample
        return F.mse_loss(predicted, drawn - clean)

    fit(
        nn.ModuleDict({"network": network, "encoders": encoders}),
        loss_fn,
        name=name,
        folder=folder,
        steps=steps,
        learning_rate=learning_rate,
        decay=0.997,
        stop=stop,
    )
