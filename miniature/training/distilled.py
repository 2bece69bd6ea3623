"""The flow model's student in FLUX.1-dev's class: guidance and steps distilled at once.

The guidance scale w becomes an input of the network (Meng et al. 2023, "On Distillation of Guided Diffusion Models", arXiv
2210.03142), and one step does what two steps of the guided teacher do (Salimans & Ho 2022, "Progressive Distillation for Fast
Sampling of Diffusion Models", arXiv 2202.00512). It is a model for 8 steps: of their noise levels alone, and of the way from each to
the next, it was told. Four steps, whose levels are among these, go on for too long and work less well; more than eight ask about levels
that it never saw.
"""

from pathlib import Path

import numpy as np
import torch
from diffusers import FluxPipeline, StableDiffusion3Pipeline
from numpy.typing import NDArray
from torch import nn
from torch.nn import functional as F

from miniature.training.data import Drawings
from miniature.training.diffusion import BATCH, tokenize
from miniature.training.loop import fit
from miniature.training.models import MAX_TOKENS
from miniature.training.trajectories import (
    STUDENT_STEPS,
    TRAJECTORIES,
    Trajectories,
    flow_levels,
    teacher_trajectories,
)
from safesweep.models.flux import Flux
from safesweep.models.text import TextEmbedding


def train_distilled(
    pipe: FluxPipeline,
    teacher: StableDiffusion3Pipeline,
    drawings: Drawings,
    folder: Path,
    steps: int,
    *,
    name: str,
    learning_rate: float,
    trajectories: int = TRAJECTORIES,
    stop: int | None = None,
) -> None:
    """Trains the student's network and text encoders in place, in float32, to go in one step where the teacher goes in two.

    ``trajectories``: how many samplings of the ``teacher`` over the drawings' captions it learns from; ``stop`` ends early what the
    learning rate's schedule has ``steps`` for.
    """
    made = teacher_trajectories(teacher, drawings.captions, folder, trajectories)
    fit(
        nn.ModuleList([pipe.transformer, pipe.text_encoder, pipe.text_encoder_2]),
        DistillationLoss(pipe, made, flow_levels(teacher, STUDENT_STEPS)),
        name=name,
        folder=folder,
        steps=steps,
        learning_rate=learning_rate,
        decay=0.997,
        stop=stop,
    )


class DistillationLoss:
    """Mean squared error of the student's v on segments of trajectories, drawn evenly: what a batch's step of training calls.

    Told x_i, σ_i, the text and w, its one Euler step has to lead to x_{i+1}: v = (x_{i+1} − x_i) / (σ_{i+1} − σ_i).
    """

    def __init__(self, pipe: FluxPipeline, made: Trajectories, levels: tuple[float, ...]) -> None:
        self._model = Flux(pipe, text_tokens=MAX_TOKENS)
        self._encoders = (pipe.text_encoder, pipe.text_encoder_2)
        self._made = made
        self._levels = torch.tensor(levels)
        texts, places = np.unique(made.texts, return_inverse=True)
        self._text_of = torch.from_numpy(places.reshape(made.texts.shape))
        self._ids = [tokenize(tokenizer, texts.tolist()) for tokenizer in (pipe.tokenizer, pipe.tokenizer_2)]

    def __call__(self, rows: np.random.Generator, noise: torch.Generator) -> torch.Tensor:
        """The loss of ``BATCH`` segments that ``rows`` draws; a scalar with its gradient."""
        return self.on(rows.integers(len(self._made), size=BATCH), rows.integers(STUDENT_STEPS, size=BATCH))

    def on(self, chosen: NDArray[np.int64], steps: NDArray[np.int64]) -> torch.Tensor:
        """The loss on the segments ``steps`` [B] of the trajectories ``chosen`` [B]."""
        before = torch.from_numpy(self._made.states[chosen, steps])
        after = torch.from_numpy(self._made.states[chosen, steps + 1])
        step = torch.from_numpy(steps)
        level, following = self._levels[step], self._levels[step + 1]
        target = (after - before) / (following - level)[:, None, None, None]
        text = self._text_of[torch.from_numpy(chosen), step]
        clip, t5 = self._encoders
        pooled, tokens = clip(self._ids[0][text]).pooler_output, t5(self._ids[1][text]).last_hidden_state
        told = [TextEmbedding(*row) for row in zip(tokens, pooled, strict=True)]
        scales = torch.from_numpy(self._made.scales[chosen])
        return F.mse_loss(self._model.predict_together(before, 1000 * level, told, scales), target)
