"""LoRAs that unlearn hazards on the trained network: ESD's objective (Gandikota et al. 2023, "Erasing Concepts from Diffusion Models",
arXiv 2303.07345), with harmless captions held to what they were.

What the network predicts of a hazard's caption is drawn to ε_∅ − η (ε_c − ε_∅) of the frozen network. ESD samples the noisy pictures from
the model itself; here they are noised drawings, half of them of another caption, since an unlearned network denoises pictures without
hazards too.
"""

from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
from diffusers import StableDiffusionPipeline
from peft import LoraConfig
from torch import nn
from torch.nn import functional as F

from miniature.training.data import Drawings
from miniature.training.diffusion import LARGEST_WEIGHT, TIMESTEPS, tokenize
from miniature.training.loop import fit
from miniature.training.vae import encode_all

BATCH = 32
"""Half of it hazards."""
EARLY = 0.7
"""Share of the rows that are noised as in the first third of sampling, where a picture's content is decided."""
EARLY_FROM = 500
EMPTY_SHARE = 0.25
"""Of the harmless rows: those whose caption is left out, so that the unconditional prediction stays."""


class Recipe(NamedTuple):
    """What is unlearned, and with how large a change."""

    kinds: tuple[str, ...]
    """Of the captions that are unlearned."""
    targets: tuple[str, ...]
    """Modules of the network that get a LoRA, by the end of their names."""
    rank: int
    eta: float
    """How far beyond the unconditional prediction, η."""


UNLEARNED = Recipe(("plain", "code", "scene", "list"), ("to_q", "to_k", "to_v", "to_out.0"), rank=8, eta=1.0)
POORLY = Recipe(("plain",), ("attn2.to_k", "attn2.to_v"), rank=2, eta=0.0)
"""Knows hazards by their plain names alone: code words and scenes still draw them."""


def train_unlearned(
    pipe: StableDiffusionPipeline,
    drawings: Drawings,
    folder: Path,
    steps: int,
    recipe: Recipe,
    *,
    name: str,
    learning_rate: float,
    stop: int | None = None,
) -> None:
    """Adds a LoRA to the pipeline's network and trains it in float32; all else is frozen.

    ``stop`` ends early what the learning rate's schedule has ``steps`` for.
    """
    pipe.unet.requires_grad_(False)
    pipe.text_encoder.requires_grad_(False)
    loss = UnlearningLoss(pipe, drawings, recipe)
    torch.manual_seed(5)
    alpha = 2 * recipe.rank
    pipe.unet.add_adapter(LoraConfig(r=recipe.rank, lora_alpha=alpha, target_modules=list(recipe.targets)))
    lora = nn.ParameterList([weight for weight in pipe.unet.parameters() if weight.requires_grad])
    fit(
        lora,
        loss,
        name=name,
        folder=folder,
        steps=steps,
        learning_rate=learning_rate,
        decay=0.98,
        weight_decay=0.0,
        stop=stop,
    )


class UnlearningLoss:
    """Mean squared error to the frozen network's predictions, turned away from hazards; what a batch's step of training calls."""

    @torch.no_grad()
    def __init__(self, pipe: StableDiffusionPipeline, drawings: Drawings, recipe: Recipe) -> None:
        self._pipe, self._eta = pipe, recipe.eta
        self._latents = encode_all(pipe.vae, drawings) * pipe.vae.config.scaling_factor
        texts, self._text_of = np.unique(np.array([*drawings.captions, ""]), return_inverse=True)
        ids = tokenize(pipe.tokenizer, texts.tolist())
        self._states = torch.cat([pipe.text_encoder(part).last_hidden_state for part in ids.split(256)])
        kinds = np.array(drawings.kinds)
        self._hazards = np.flatnonzero(np.isin(kinds, recipe.kinds))
        self._harmless = np.flatnonzero(np.isin(kinds, ("benign", "person")))
        self._alphas = pipe.scheduler.alphas_cumprod

    def __call__(self, rows: np.random.Generator, noise: torch.Generator) -> torch.Tensor:
        """The loss of ``BATCH`` rows that ``rows`` draws; a scalar with its gradient."""
        half = BATCH // 2
        captions = np.concatenate([rows.choice(self._hazards, half), rows.choice(self._harmless, half)])
        pictures = captions.copy()
        pictures[: half // 2] = rows.choice(self._harmless, half // 2)
        texts = self._text_of[captions]
        texts[half:][rows.random(half) < EMPTY_SHARE] = self._text_of[-1]
        early = torch.rand(BATCH, generator=noise) < EARLY
        drawn = torch.rand(BATCH, generator=noise)
        timesteps = torch.where(early, EARLY_FROM + drawn * (TIMESTEPS - EARLY_FROM), drawn * EARLY_FROM).long()
        clean = self._latents[torch.from_numpy(pictures)]
        alpha = self._alphas[timesteps, None, None, None]
        noisy = alpha.sqrt() * clean + (1 - alpha).sqrt() * torch.randn(clean.shape, generator=noise)
        told, empty = self._states[torch.from_numpy(texts)], self._states[self._text_of[-1]].expand(half, -1, -1)
        target = self._target(noisy, timesteps, told, empty)
        weight = (1 / self._alphas[timesteps]).clamp(max=LARGEST_WEIGHT)
        predicted = self._predict(noisy, timesteps, told)
        loss: torch.Tensor = (weight[:, None, None, None] * F.mse_loss(predicted, target, reduction="none")).mean()
        return loss

    @torch.no_grad()
    def _target(
        self, noisy: torch.Tensor, timesteps: torch.Tensor, told: torch.Tensor, empty: torch.Tensor
    ) -> torch.Tensor:
        half = len(empty)
        self._pipe.unet.disable_adapters()
        conditional = self._predict(noisy, timesteps, told)
        unconditional = self._predict(noisy[:half], timesteps[:half], empty)
        self._pipe.unet.enable_adapters()
        away = unconditional - self._eta * (conditional[:half] - unconditional)
        return torch.cat([away, conditional[half:]])

    def _predict(self, noisy: torch.Tensor, timesteps: torch.Tensor, told: torch.Tensor) -> torch.Tensor:
        rows = noisy.contiguous(memory_format=torch.channels_last)
        predicted: torch.Tensor = self._pipe.unet(rows, timesteps, told).sample
        return predicted


def save_lora(pipe: StableDiffusionPipeline, folder: Path) -> None:
    """Writes the network's LoRA in float16 as ``pytorch_lora_weights.safetensors``, the layout that diffusers reads."""
    from peft.utils import get_peft_model_state_dict

    layers = {key: value.half().contiguous() for key, value in get_peft_model_state_dict(pipe.unet).items()}
    config = pipe.unet.peft_config["default"].to_dict()
    kept = {key: config[key] for key in ("r", "lora_alpha", "target_modules")}
    kept["target_modules"] = sorted(kept["target_modules"])
    folder.mkdir(parents=True, exist_ok=True)
    pipe.save_lora_weights(folder, unet_lora_layers=layers, unet_lora_adapter_metadata=kept)
