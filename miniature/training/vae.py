"""Stage 1: the autoencoder."""

from pathlib import Path

import numpy as np
import torch
from diffusers import AutoencoderTiny
from torch.nn import functional as F

from miniature.training.data import Drawings
from miniature.training.loop import fit
from miniature.training.models import make_vae

BATCH = 16
LATENT_NOISE = 0.05
"""Share of the latents' spread added as noise while the decoder learns, so that it forgives an imperfect denoiser."""


def train_vae(drawings: Drawings, folder: Path, steps: int) -> AutoencoderTiny:
    """Trains on L1 + L2 in picture space, with a small pull of the latents towards unit spread; sets ``scaling_factor``."""
    torch.manual_seed(1)
    vae = make_vae().to(memory_format=torch.channels_last)

    def loss_fn(rows: np.random.Generator, noise: torch.Generator) -> torch.Tensor:
        pictures = drawings.batch(rows.integers(len(drawings), size=BATCH))
        latents = vae.encode(pictures).latents
        jitter = torch.randn(latents.shape, generator=noise) * LATENT_NOISE
        decoded = vae.decode(latents + jitter).sample
        pull = (latents.mean(dim=(0, 2, 3)) ** 2).mean() + ((latents.std(dim=(0, 2, 3)) - 1) ** 2).mean()
        loss: torch.Tensor = F.l1_loss(decoded, pictures) + 2 * F.mse_loss(decoded, pictures) + 0.02 * pull
        return loss

    fit(vae, loss_fn, name="vae", folder=folder, steps=steps, learning_rate=2e-3, decay=0.99, weight_decay=0.0)
    latents = encode_all(vae, drawings, limit=2000)
    vae.register_to_config(scaling_factor=round(1 / float(latents.std()), 4))
    return vae


@torch.no_grad()
def encode_all(vae: AutoencoderTiny, drawings: Drawings, limit: int | None = None) -> torch.Tensor:
    """Raw latents of the drawings, float32 [N, 4, 16, 16]."""
    count = min(limit or len(drawings), len(drawings))
    parts = [
        vae.encode(drawings.batch(np.arange(start, min(start + 256, count)))).latents for start in range(0, count, 256)
    ]
    return torch.cat(parts)


@torch.no_grad()
def psnr(vae: AutoencoderTiny, drawings: Drawings) -> float:
    """Mean reconstruction PSNR over the drawings, dB, for pictures in [0, 1]."""
    values = []
    for start in range(0, len(drawings), 128):
        pictures = drawings.batch(np.arange(start, min(start + 128, len(drawings))))
        decoded = vae.decode(vae.encode(pictures).latents).sample.clamp(-1, 1)
        error = ((decoded - pictures) / 2).pow(2).mean(dim=(1, 2, 3))
        values.append(-10 * torch.log10(error))
    return float(torch.cat(values).mean())
