"""The slow truth that the engine is tested against: one sample, one loop, the methods' formulas, diffusers' own scheduler."""

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
import torch

from guidance.cell import Cell
from guidance.methods.dynamic_negative import DynamicNegative
from guidance.methods.static_negative import StaticNegative
from guidance.model import DiffusionModel
from guidance.trajectory import Job, Picture


@dataclass
class Reference:
    """What the loop made, and what it asked."""

    latents: torch.Tensor
    picture: Picture
    questions: list[tuple[int, str]] = field(default_factory=list)
    rows: int = 0


@torch.inference_mode()
def denoise(model: DiffusionModel, job: Job, cell: Cell, ask: Callable[[Picture, str], str] | None = None) -> Reference:
    """Denoises one sample from the formulas of methods.md, one network call a row."""
    g = cell.guidance_scale
    scheduler = model.scheduler(cell.solver)
    scheduler.set_timesteps(cell.num_inference_steps)
    x = model.initial_noise(job.seed, job.width, job.height)[None] * scheduler.init_noise_sigma
    made = Reference(x, np.zeros(0, np.uint8))

    def epsilon(text: str, timestep: torch.Tensor) -> torch.Tensor:
        made.rows += 1
        scaled = scheduler.scale_model_input(x, timestep)
        return model.noise(scaled, timestep[None], [model.embed(text)])

    negative: str | None = None
    gamma = 0.0
    if isinstance(cell.guidance, StaticNegative):
        negative, gamma = cell.guidance.negative_prompt, cell.guidance.negative_scale
    for index, timestep in enumerate(scheduler.timesteps):
        empty, prompt = epsilon("", timestep), epsilon(job.text, timestep)
        positive = empty + g * (prompt - empty)
        method = cell.guidance
        if isinstance(method, DynamicNegative) and index in method.query_steps:
            alpha = scheduler.alphas_cumprod[timestep.long()]
            clean = (x - (1 - alpha).sqrt() * positive) / alpha.sqrt()
            answer = ask(model.decode(clean, 1)[0], method.vocabulary.question())
            made.questions.append((index, answer))
            terms = method.vocabulary.parse(answer)
            negative, gamma = (
                (method.vocabulary.negative_prompt(terms), method.negative_scale) if terms else (None, 0.0)
            )
        guided = positive
        if negative is not None and gamma != 0:
            guided = positive - gamma * (epsilon(negative, timestep) - empty)
        x = scheduler.step(guided, timestep, x).prev_sample
    made.latents = x
    made.picture = model.decode(x, 1)[0]
    return made
