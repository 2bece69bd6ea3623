"""The flow model's guided samplings, kept on disk: what its distilled student learns from."""

import hashlib
import time
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import numpy as np
import torch
from diffusers import StableDiffusion3Pipeline
from numpy.typing import NDArray

from safesweep.models.flow import FlowModel
from safesweep.models.flux import Flux
from safesweep.models.sd3 import StableDiffusion3

STUDENT_STEPS = 8
TEACHER_STEPS = 2 * STUDENT_STEPS
"""Before the shift FLUX's levels at 2n steps are those at n and the middles between them, so a student's step is two of the teacher's."""
TRAJECTORIES = 8000
SHARD, ROWS = 250, 50
"""Trajectories a file, and of those sampled together."""
SEED = 5
SCALES = (1.0, 8.0)
"""Guidance scales are drawn evenly from between these."""
EMPTY_SHARE = 0.1
TURNED_SHARE = 0.25
"""Of the trajectories: at some step their text becomes another, half the time the empty one. Negatives are predicted on pictures that
another prompt began, and from the texts' own trajectories alone the student would never have seen such a row."""


@dataclass(frozen=True)
class Trajectories:
    """N samplings, seen at the student's S steps."""

    states: NDArray[np.float32]
    """Latents [N, S + 1, 4, 16, 16], before each step and at the end."""
    texts: NDArray[np.str_]
    """What each step was told, [N, S]."""
    scales: NDArray[np.float32]
    """w of each, [N]."""

    def __len__(self) -> int:
        return len(self.scales)


def flow_levels(pipe: StableDiffusion3Pipeline, steps: int, family: type[FlowModel] = Flux) -> tuple[float, ...]:
    """σ of each step and 0 at the end, [steps + 1], of a family's pipeline with the flow model's scheduler at 64 × 64 pixels."""
    return (*family.table_for(pipe.scheduler.config, "FlowMatchEulerDiscreteScheduler", steps, tokens=64).levels, 0.0)


def sample_guided(
    teacher: StableDiffusion3,
    levels: Sequence[float],
    noise: torch.Tensor,
    texts: NDArray[np.str_],
    scales: torch.Tensor,
) -> torch.Tensor:
    """Flow Euler under guidance v = v_∅ + w·(v_c − v_∅) (Ho & Salimans 2022), float32 [N, steps + 1, C, H, W], ``noise`` first.

    ``levels`` [steps + 1]; ``noise`` [N, C, H, W]; ``texts`` [N, steps], what each step is told; ``scales`` [N], w.
    """
    states, latents = [noise], noise
    weight = scales[:, None, None, None]
    for step, (level, following) in enumerate(pairwise(levels)):
        rows = [teacher.embed(str(text)) for text in texts[:, step]]
        empty = [teacher.embed("")] * len(rows)
        timesteps = torch.full((2 * len(rows),), 1000 * level)
        told, untold = teacher.noise(latents.repeat(2, 1, 1, 1), timesteps, [*rows, *empty]).chunk(2)
        latents = latents + (following - level) * (untold + weight * (told - untold))
        states.append(latents)
    return torch.stack(states, dim=1)


def draw_texts(captions: Sequence[str], count: int, rng: np.random.Generator) -> NDArray[np.str_]:
    """What each of the student's steps is told, [count, ``STUDENT_STEPS``]."""
    chosen = np.array(captions)[rng.integers(len(captions), size=(2, count))]
    chosen[0, rng.random(count) < EMPTY_SHARE] = ""
    chosen[1, rng.random(count) < 0.5] = ""
    turn = np.where(rng.random(count) < TURNED_SHARE, rng.integers(1, STUDENT_STEPS, size=count), STUDENT_STEPS)
    drawn: NDArray[np.str_] = np.where(np.arange(STUDENT_STEPS) < turn[:, None], chosen[0][:, None], chosen[1][:, None])
    return drawn


def teacher_trajectories(
    pipe: StableDiffusion3Pipeline, captions: Sequence[str], folder: Path, count: int = TRAJECTORIES
) -> Trajectories:
    """``count`` samplings of the flow model over ``captions``, every second state of ``TEACHER_STEPS`` steps kept.

    They are made in files of ``SHARD`` in ``folder``; those that are there are read, so a stopped call goes on where it was. Another
    teacher has other files.
    """
    teacher = StableDiffusion3(pipe, text_tokens=0)
    levels = flow_levels(pipe, TEACHER_STEPS)
    kept = folder / f"trajectories-{_digest(pipe)}"
    kept.mkdir(parents=True, exist_ok=True)
    parts = []
    for start in range(0, count, SHARD):
        size = min(SHARD, count - start)
        path = kept / f"{start}-{size}.npz"
        if not path.exists():
            began = time.monotonic()
            _write(path, _shard(teacher, levels, captions, start, size))
            print(f"trajectories: {start + size}/{count}, {time.monotonic() - began:.1f} s for {size}", flush=True)
        with np.load(path) as stored:
            parts.append(Trajectories(stored["states"], stored["texts"], stored["scales"]))
    return Trajectories(
        np.concatenate([part.states for part in parts]),
        np.concatenate([part.texts for part in parts]),
        np.concatenate([part.scales for part in parts]),
    )


def _shard(
    teacher: StableDiffusion3, levels: Sequence[float], captions: Sequence[str], start: int, size: int
) -> Trajectories:
    rng = np.random.default_rng([SEED, start])
    texts = draw_texts(captions, size, rng)
    scales = rng.uniform(*SCALES, size=size).astype(np.float32)
    noise = torch.randn(
        (size, teacher.channels, 16, 16), generator=torch.Generator().manual_seed(SEED * 1_000_003 + start)
    )
    parts = []
    for first in range(0, size, ROWS):
        rows = slice(first, first + ROWS)
        told = texts[rows].repeat(TEACHER_STEPS // STUDENT_STEPS, axis=1)
        made = sample_guided(teacher, levels, noise[rows], told, torch.from_numpy(scales[rows]))
        parts.append(made[:, :: TEACHER_STEPS // STUDENT_STEPS])
    return Trajectories(torch.cat(parts).numpy(), texts, scales)


def _write(path: Path, made: Trajectories) -> None:
    new = path.with_name("new.npz")
    np.savez(new, states=made.states, texts=made.texts, scales=made.scales)
    new.replace(path)


def _digest(pipe: StableDiffusion3Pipeline) -> str:
    """Of the weights that sampling depends on, 12 hexadecimal digits."""
    found = hashlib.sha256()
    for module in (pipe.transformer, pipe.text_encoder, pipe.text_encoder_2):
        for value in module.state_dict().values():
            found.update(value.contiguous().view(torch.uint8).numpy().tobytes())
    return found.hexdigest()[:12]
