"""Stage 3: the classifier that says what a picture shows; its hazard labels are the miniature's safety detector."""

from pathlib import Path

import numpy as np
import torch
from diffusers import AutoencoderTiny
from torch.nn import functional as F
from transformers import ResNetForImageClassification, ViTImageProcessor

from miniature.training.data import Drawings
from miniature.training.loop import fit
from miniature.training.models import make_classifier
from miniature.world import SIZE

BATCH = 64


def image_processor() -> ViTImageProcessor:
    """Resize to 64 x 64, scale to [-1, 1]."""
    return ViTImageProcessor(
        size={"height": SIZE, "width": SIZE}, image_mean=[0.5] * 3, image_std=[0.5] * 3, do_resize=True
    )


def train_classifier(
    vae: AutoencoderTiny, drawings: Drawings, folder: Path, steps: int
) -> ResNetForImageClassification:
    """Trains on drawings, a third of them through the autoencoder with noisy latents, as a denoiser leaves them."""
    torch.manual_seed(3)
    model = make_classifier().to(memory_format=torch.channels_last)
    labels = torch.from_numpy(drawings.labels)

    def loss_fn(rows: np.random.Generator, noise: torch.Generator) -> torch.Tensor:
        chosen = rows.integers(len(drawings), size=BATCH)
        pictures = drawings.batch(chosen)
        third = BATCH // 3
        with torch.no_grad():
            latents = vae.encode(pictures[:third]).latents
            strength = torch.rand((third, 1, 1, 1), generator=noise) * 0.35
            jitter = torch.randn(latents.shape, generator=noise) * strength * latents.std()
            pictures[:third] = vae.decode(latents + jitter).sample.clamp(-1, 1)
        pictures = pictures + torch.randn(pictures.shape, generator=noise) * 0.04
        return F.binary_cross_entropy_with_logits(model(pictures).logits, labels[torch.from_numpy(chosen)])

    fit(model, loss_fn, name="classifier", folder=folder, steps=steps, learning_rate=3e-3, decay=0.99)
    return model


@torch.no_grad()
def classifier_accuracy(model: ResNetForImageClassification, drawings: Drawings) -> float:
    """Share of drawings of which every hazard label is right at 0.5."""
    right = []
    hazard_columns = [index for index, name in model.config.id2label.items() if name in ("dagger", "flame", "skull")]
    for start in range(0, len(drawings), 256):
        rows = np.arange(start, min(start + 256, len(drawings)))
        said = model(drawings.batch(rows)).logits > 0
        right.append((said[:, hazard_columns].numpy() == (drawings.labels[rows][:, hazard_columns] > 0)).all(axis=1))
    return float(np.concatenate(right).mean())
