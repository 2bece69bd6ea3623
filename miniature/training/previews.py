"""Stage 4: previews of a trained diffusion model, with what each shows: what the VLM learns from.

A preview is the predicted clean picture at some step. Without a negative its truth is what the finished picture shows; with one
the content is on its way out, so its truth is what the preview itself shows, and doubtful previews are left out.
"""

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import NamedTuple, Protocol

import numpy as np
import torch
from diffusers import AutoencoderTiny, StableDiffusionPipeline
from numpy.typing import NDArray
from transformers import AutoModelForImageClassification

from miniature import WEIGHTS
from miniature.training.data import Drawings
from miniature.training.diffusion import tokenize
from miniature.world import HAZARDS, LABELS, sample

NAME = "previews"
SAMPLES = 1280
BATCH = 64
SEED = 4
MIX = {"benign": 0.52, "plain": 0.14, "code": 0.12, "scene": 0.12, "list": 0.02, "person": 0.08}
"""Mostly without a hazard, as most of what is asked about is: what a VLM learns to suspect follows the shares that it sees."""
KEPT = 12
"""Previews of one picture."""
GRADES = ("faint", "clear", "strong")
"""How strongly a hazard shows in a preview: by the classifier's probability on the preview itself, below and above ``GRADED_AT``."""
GRADED_AT = (0.2, 0.8)
HAZARD_COLUMNS = [LABELS.index(hazard) for hazard in HAZARDS]


class Trace(NamedTuple):
    """A batch denoised: ``latents`` [B, 4, 16, 16] at the end, ``predicted`` x̂0 [steps, B, 4, 16, 16] on the way."""

    latents: torch.Tensor
    predicted: torch.Tensor


class Denoise(Protocol):
    """A model's plain batched denoising; the negatives act from step ``negative_from`` on."""

    def __call__(
        self,
        prompts: list[str],
        negatives: list[str],
        *,
        seed: int,
        steps: int,
        guidance_scale: float,
        negative_scale: float,
        negative_from: int,
    ) -> Trace: ...


@torch.no_grad()
def encode(pipe: StableDiffusionPipeline, texts: list[str]) -> torch.Tensor:
    """Text embeddings [N, T, D] of the pipeline's text encoder."""
    hidden = pipe.text_encoder(tokenize(pipe.tokenizer, texts)).last_hidden_state
    return torch.as_tensor(hidden)


@torch.no_grad()
def denoise(
    pipe: StableDiffusionPipeline,
    prompts: list[str],
    negatives: list[str],
    *,
    seed: int,
    steps: int,
    guidance_scale: float,
    negative_scale: float,
    negative_from: int,
) -> Trace:
    """Plain batched denoising; the negatives act from step ``negative_from`` on (VL-DNP)."""
    generator = torch.Generator().manual_seed(seed)
    latents = torch.randn((len(prompts), 4, 16, 16), generator=generator)
    scheduler = type(pipe.scheduler).from_config(pipe.scheduler.config)
    scheduler.set_timesteps(steps)
    text, negative = encode(pipe, prompts), encode(pipe, negatives)
    empty = encode(pipe, [""]).expand_as(text)
    predicted = []
    for index, timestep in enumerate(scheduler.timesteps):
        rows = [empty, text, negative] if index >= negative_from else [empty, text]
        batch = latents.repeat(len(rows), 1, 1, 1).contiguous(memory_format=torch.channels_last)
        noise = pipe.unet(batch, timestep, torch.cat(rows)).sample.chunk(len(rows))
        guided = noise[0] + guidance_scale * (noise[1] - noise[0])
        alpha = scheduler.alphas_cumprod[timestep]
        predicted.append((latents - (1 - alpha).sqrt() * guided) / alpha.sqrt())
        if len(rows) == 3:
            guided = guided - negative_scale * (noise[2] - noise[0])
        latents = scheduler.step(guided, timestep, latents).prev_sample
    return Trace(latents, torch.stack(predicted))


@torch.no_grad()
def decode(vae: AutoencoderTiny, latents: torch.Tensor) -> NDArray[np.uint8]:
    """Latents to pictures, uint8 [N, 64, 64, 3]."""
    pictures = [vae.decode(part / vae.config.scaling_factor).sample for part in latents.split(128)]
    levels = ((torch.cat(pictures).clamp(-1, 1) + 1) * 127.5).round().byte()
    return np.ascontiguousarray(levels.permute(0, 2, 3, 1).numpy())


def make_diffusion_previews(pipe: StableDiffusionPipeline, folder: Path) -> None:
    """Writes ``NAME.npz`` of the diffusion model: more previews of the early steps."""
    pipe.unet.to(memory_format=torch.channels_last)
    make_previews(partial(denoise, pipe), pipe.vae, folder, NAME, _early)


def make_previews(
    denoise: Denoise, vae: AutoencoderTiny, folder: Path, name: str, likely: Callable[[int], NDArray[np.float64]]
) -> None:
    """Writes ``name.npz``: pictures, labels, one caption and the hazards' grades a preview; most of ``KEPT`` previews a picture.

    ``likely(steps)`` says how likely each step from 2 on is among a picture's, [steps - 2].
    """
    classifier = AutoModelForImageClassification.from_pretrained(WEIGHTS / "classifier", torch_dtype=torch.float32)

    def probabilities(pictures: NDArray[np.uint8]) -> NDArray[np.float32]:
        scaled = torch.from_numpy(pictures).permute(0, 3, 1, 2).float() / 127.5 - 1
        with torch.no_grad():
            said = [torch.sigmoid(classifier(part).logits) for part in scaled.split(256)]
        return torch.cat(said).numpy()

    rng = np.random.default_rng(SEED)
    pictures, labels, captions, grades = [], [], [], []
    for start in range(0, SAMPLES, BATCH):
        examples = [sample(rng, MIX) for _ in range(BATCH)]
        steps = int(rng.integers(20, 31))
        negated = start // BATCH % 2 == 1
        negatives = [", ".join(e.scene.hazards if rng.random() < 0.7 else HAZARDS) or "dagger" for e in examples]
        trace = denoise(
            [e.caption for e in examples],
            negatives,
            seed=SEED * 1000 + start,
            steps=steps,
            guidance_scale=float(rng.uniform(3, 5.5)),
            negative_scale=float(rng.uniform(3, 10)),
            negative_from=int(rng.integers(3, 13)) if negated else steps,
        )
        final = probabilities(decode(vae, trace.latents))
        chosen = rng.choice(np.arange(2, steps), size=KEPT, replace=False, p=likely(steps))
        for index in chosen:
            shown = decode(vae, trace.predicted[index])
            itself = probabilities(shown)
            truth = itself if negated else final
            sure: NDArray[np.bool_] = np.all(((truth < 0.1) | (truth > 0.9))[:, HAZARD_COLUMNS], axis=1)
            pictures.append(shown[sure])
            labels.append((truth[sure] > 0.5).astype(np.float32))
            grades.append(np.digitize(itself[sure][:, HAZARD_COLUMNS], GRADED_AT).astype(np.int8))
            captions += [e.caption for e, keep in zip(examples, sure, strict=True) if keep]
        print(f"{name}: {start + BATCH}/{SAMPLES} pictures", flush=True)
    np.savez(
        folder / f"{name}.npz",
        pictures=np.concatenate(pictures),
        labels=np.concatenate(labels),
        captions=np.array(captions),
        grades=np.concatenate(grades),
    )


def _early(steps: int) -> NDArray[np.float64]:
    weight = 1 / np.arange(2, steps) ** 0.5
    return np.asarray(weight / weight.sum())


def load_previews(folder: Path, name: str = NAME) -> Drawings:
    """The previews that ``make_previews`` wrote."""
    with np.load(folder / f"{name}.npz") as stored:
        captions = stored["captions"].tolist()
        return Drawings(stored["pictures"], stored["labels"], captions, ["preview"] * len(captions))


def load_grades(folder: Path, name: str = NAME) -> NDArray[np.int8]:
    """How strongly each of ``HAZARDS`` shows in the previews: places in ``GRADES``, int8 [N, 3]."""
    with np.load(folder / f"{name}.npz") as stored:
        return np.asarray(stored["grades"])
