"""The slow truth that the engine is tested against: one sample, one loop, the methods' formulas as methods.md writes them.

Its arithmetic comes in two flavours: ``Schedulers`` steps with diffusers' own scheduler object and computes one row a forward;
``Tables`` weighs a plain list of past latents and outputs by the solver table, and repeats each row up to the engine's batch shape.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Protocol

import numpy as np
import torch
from safetensors.torch import load_file

from safesweep.engine.trajectory import Request
from safesweep.guidance.cell import Cell
from safesweep.guidance.edits.base import unedited
from safesweep.guidance.methods.crg import ConceptRemovalGuidance
from safesweep.guidance.methods.dng import DynamicNegativeGuidance
from safesweep.guidance.methods.dynamic_negative import DynamicNegative
from safesweep.guidance.methods.negative_prompt import NegativePrompt
from safesweep.guidance.methods.none import NoGuidance
from safesweep.guidance.methods.perp_neg import PerpNeg
from safesweep.guidance.methods.safe_denoiser import SafeDenoiser
from safesweep.guidance.methods.sld import SafeLatentDiffusion
from safesweep.guidance.methods.static_negative import StaticNegative
from safesweep.guidance.methods.stg import SafeTextGuidance
from safesweep.models.base import DiffusionModel
from safesweep.models.solver import solver_table
from safesweep.models.text import EditedText, Text
from safesweep.types import Picture
from tests.safesweep.followed_reference import Following
from tests.safesweep.steering_reference import steered_text

Epsilon = Callable[[Text], torch.Tensor]
"""The network's prediction at the current latents and timestep, [C, H, W], for a text."""


Number = float | torch.Tensor


class Arithmetic(Protocol):
    """How a sample is started, predicted and stepped; ``index`` counts steps from 0."""

    steps: int
    initial_scale: float
    levels: list[float]
    """Of noise, from 1 to 0, one a step."""

    def noise_per_output(self, index: int) -> float: ...

    def path(self, index: int) -> tuple[Number, Number]:
        """(α, σ) of x_t = α·x0 + σ·ε, which the network takes; (1, 0) behind the last step."""
        ...

    def taken(self, x: torch.Tensor, index: int) -> torch.Tensor:
        """That x_t, of the latents as the solver holds them."""
        ...

    def timestep(self, index: int) -> torch.Tensor:
        """What the network takes beside the latents, [1]."""
        ...

    def clean_per_output(self, index: int) -> Number:
        """How far x̂0 moves with the output."""
        ...

    def epsilon(self, x: torch.Tensor, index: int, text: Text) -> torch.Tensor: ...

    def clean(self, x: torch.Tensor, index: int, output: torch.Tensor) -> torch.Tensor: ...

    def step(self, x: torch.Tensor, index: int, guided: torch.Tensor) -> torch.Tensor: ...


class Schedulers:
    """diffusers' scheduler, one row a forward."""

    def __init__(self, model: DiffusionModel, cell: Cell) -> None:
        self._model, self._scheduler = model, model.scheduler(cell.solver)
        self._scheduler.set_timesteps(cell.num_inference_steps)
        self.steps = len(self._scheduler.timesteps)
        self.initial_scale = float(self._scheduler.init_noise_sigma)
        variances = [float(self._variance(index)) for index in range(self.steps)]
        self.levels = [(1 - v) ** 0.5 / (v**0.5 + (1 - v) ** 0.5) for v in variances]

    def noise_per_output(self, index: int) -> float:
        return 1.0

    def path(self, index: int) -> tuple[Number, Number]:
        variance = self._variance(index) if index < self.steps else torch.ones(())
        return variance.sqrt(), (1 - variance).sqrt()

    def taken(self, x: torch.Tensor, index: int) -> torch.Tensor:
        # Euler and LMS hold x/√ᾱ instead of x
        return x * self._variance(index).sqrt() if self.initial_scale > 1.5 else x

    def _variance(self, index: int) -> torch.Tensor:
        """ᾱ."""
        if hasattr(self._scheduler, "sigmas"):
            return 1 / (1 + self._scheduler.sigmas[index] ** 2)
        return self._scheduler.alphas_cumprod[self._scheduler.timesteps[index].long()]

    def epsilon(self, x: torch.Tensor, index: int, text: Text) -> torch.Tensor:
        timestep = self._scheduler.timesteps[index]
        scaled = self._scheduler.scale_model_input(x[None], timestep)
        return self._model.noise(scaled, timestep[None], [self._model.embed(text)])[0]

    def timestep(self, index: int) -> torch.Tensor:
        return self._scheduler.timesteps[index][None]

    def clean_per_output(self, index: int) -> Number:
        alpha, sigma = self.path(index)
        return -sigma / alpha

    def clean(self, x: torch.Tensor, index: int, output: torch.Tensor) -> torch.Tensor:
        alpha, sigma = self.path(index)
        return (self.taken(x, index) - sigma * output) / alpha

    def step(self, x: torch.Tensor, index: int, guided: torch.Tensor) -> torch.Tensor:
        taken: torch.Tensor = self._scheduler.step(guided[None], self._scheduler.timesteps[index], x[None]).prev_sample
        return taken[0]


class Tables:
    """The solver table's numbers, one sample at a time, forwards of ``bucket`` equal rows."""

    def __init__(self, model: DiffusionModel, cell: Cell, bucket: int) -> None:
        self._model, self._bucket = model, bucket
        self._table = solver_table(model.scheduler(cell.solver), cell.num_inference_steps)
        self.steps, self.initial_scale = self._table.steps, self._table.initial_scale
        self.levels = self._table.level_S.tolist()
        self._latents: list[torch.Tensor] = []
        self._outputs: list[torch.Tensor] = []

    def noise_per_output(self, index: int) -> float:
        return float(self._table.noise_per_output_S[index])

    def path(self, index: int) -> tuple[Number, Number]:
        if index == self.steps:
            return torch.ones(()), torch.zeros(())
        return self._table.signal_S[index], self._table.noise_S[index]

    def taken(self, x: torch.Tensor, index: int) -> torch.Tensor:
        return x * self._table.input_scale_S[index]

    def epsilon(self, x: torch.Tensor, index: int, text: Text) -> torch.Tensor:
        rows = torch.stack([x * self._table.input_scale_S[index]] * self._bucket)
        timesteps = self._table.timesteps_S[index].expand(self._bucket)
        return self._model.noise(rows, timesteps, [self._model.embed(text)] * self._bucket)[0]

    def timestep(self, index: int) -> torch.Tensor:
        return self._table.timesteps_S[index][None]

    def clean_per_output(self, index: int) -> Number:
        return self._table.clean_output_S[index]

    def clean(self, x: torch.Tensor, index: int, output: torch.Tensor) -> torch.Tensor:
        return x * self._table.clean_latents_S[index] + output * self._table.clean_output_S[index]

    def step(self, x: torch.Tensor, index: int, guided: torch.Tensor) -> torch.Tensor:
        self._latents.insert(0, x)
        self._outputs.insert(0, guided)
        weights = zip(self._table.latents_SK[index], self._table.outputs_SK[index], strict=True)
        taken = torch.zeros_like(x)
        for (of_latents, of_output), past, output in zip(weights, self._latents, self._outputs, strict=False):
            taken = taken + (of_latents * past + of_output * output)
        return taken


@dataclass
class Reference:
    """What the loop made, and what it asked."""

    latents: torch.Tensor
    picture: Picture
    asked: list[tuple[int, str, bool]] = field(default_factory=list)
    """Step, answer, and whether the answer was the last one taken again."""
    looked: list[tuple[int, float, float]] = field(default_factory=list)
    """Step, the probability that a gate saw there, and γ after it."""
    rows: int = 0


@torch.inference_mode()
def denoise(
    model: DiffusionModel,
    job: Request,
    cell: Cell,
    arithmetic: Arithmetic,
    ask: Callable[[Picture, str], str] | None = None,
    finish: Callable[[torch.Tensor, torch.Tensor], torch.Tensor] = lambda guided, conditional: guided,
) -> Reference:
    """Denoises one sample; ``ask`` answers at once. ``finish`` is what a pipeline makes of (guided, conditional) predictions."""
    x = model.initial_noise(job.seed, job.width, job.height) * arithmetic.initial_scale
    made = Reference(x, np.zeros((0, 0, 3), np.uint8))
    guide = _guide(model, job, cell, arithmetic, ask, made, finish)
    for index in range(arithmetic.steps):
        known: dict[Text, torch.Tensor] = {}
        at, now = x, index

        def epsilon(text: Text, at: torch.Tensor = at, now: int = now, known: dict = known) -> torch.Tensor:
            if text not in known:
                known[text] = arithmetic.epsilon(at, now, text)
                made.rows += 1
            return known[text]

        x = arithmetic.step(x, index, guide(epsilon, x, index))
    made.latents, made.picture = x, model.decode(x[None], 1)[0]
    return made


Guide = Callable[[Epsilon, torch.Tensor, int], torch.Tensor]


def _guide(
    model: DiffusionModel,
    job: Request,
    cell: Cell,
    arithmetic: Arithmetic,
    ask: Callable[[Picture, str], str] | None,
    made: Reference,
    finish: Callable[[torch.Tensor, torch.Tensor], torch.Tensor],
) -> Guide:
    """The guided prediction of the cell's method, as a function of the network, the latents and the step."""
    g, method = cell.guidance_scale, cell.guidance
    assert g is not None
    text = cell.edit.apply(model, job.text, job.seed) if cell.edit else unedited(job.text)

    unguided, g = g <= 1, max(g, 1.0)

    def positive(epsilon: Epsilon, index: int) -> torch.Tensor:
        return epsilon(text.at(index)) if unguided else guided(epsilon, index)

    def guided(epsilon: Epsilon, index: int) -> torch.Tensor:
        return epsilon("") + g * (epsilon(text.at(index)) - epsilon(""))

    def none(epsilon: Epsilon, x: torch.Tensor, index: int) -> torch.Tensor:
        return positive(epsilon, index)

    def in_the_empty_prompts_place(epsilon: Epsilon, x: torch.Tensor, index: int) -> torch.Tensor:
        if unguided:
            return positive(epsilon, index)
        negative = epsilon(method.negative_prompt)
        return negative + g * (epsilon(text.at(index)) - negative)

    def static(epsilon: Epsilon, x: torch.Tensor, index: int) -> torch.Tensor:
        return guided(epsilon, index) - method.negative_scale * (epsilon(method.negative_prompt) - epsilon(""))

    def perpendicular(epsilon: Epsilon, x: torch.Tensor, index: int) -> torch.Tensor:
        p, n = epsilon(text.at(index)) - epsilon(""), epsilon(method.negative_prompt) - epsilon("")
        along = (n * p).flatten().sum() / (p * p).flatten().sum()
        return epsilon("") + g * p - method.negative_scale * (n - along * p)

    momentum = [torch.zeros(())]

    def safe_latent_diffusion(epsilon: Epsilon, x: torch.Tensor, index: int) -> torch.Tensor:
        towards = (epsilon(text.at(index)) - epsilon(method.concept)) * arithmetic.noise_per_output(index)
        strength = (towards.abs() * method.safety_scale).clamp(max=1.0)
        strength = strength * (towards < method.threshold)
        term = (epsilon(method.concept) - epsilon("")) * strength + method.momentum_scale * momentum[0]
        momentum[0] = method.momentum_beta * momentum[0] + (1 - method.momentum_beta) * term
        if unguided and index < method.warmup_steps:
            return positive(epsilon, index)
        shown = torch.zeros(()) if index < method.warmup_steps else term
        return epsilon("") + g * (epsilon(text.at(index)) - epsilon("") - shown)

    log_p, arrival = [0.0], list[tuple[torch.Tensor, torch.Tensor, Number]]()

    def follow_the_posterior(epsilon: Epsilon, x: torch.Tensor, index: int) -> torch.Tensor:
        base = epsilon(text.at(index)) if method.against == "prompt" else epsilon("")
        negative, x_t, prior = epsilon(method.negative_prompt), arithmetic.taken(x, index), math.log(method.prior)
        told: Number = torch.zeros(())
        if arrival:  # x_t is where the last step has led to; the squares' difference as an inner product, so that no digit is lost
            middle, apart, gain = arrival.pop()
            told = method.temperature * ((x_t - middle) * apart).flatten().sum() + gain
        p = torch.clamp(torch.tensor(prior) + log_p[0] + told, math.log(method.p_min), math.log(method.p_max))
        log_p[0] = p - torch.tensor(prior)
        (alpha, sigma), (alpha_next, sigma_next) = arithmetic.path(index), arithmetic.path(index + 1)
        added = sigma**2 - (alpha / alpha_next * sigma_next) ** 2
        variance = added * sigma_next**2 / sigma**2
        if variance > 0:
            ours, theirs = (arithmetic.clean(x, index, output) for output in (base, negative))
            of_clean, of_x = alpha_next * added / sigma**2, alpha / alpha_next * sigma_next**2 / sigma**2
            arrival.append(
                (
                    of_x * x_t + of_clean * (theirs + ours) / 2,
                    of_clean * (theirs - ours) / variance,
                    method.offset / (2 * variance),
                )
            )
        p = torch.exp(torch.tensor(prior) + log_p[0])
        return guided(epsilon, index) - method.negative_scale * p / (1 - p) * (negative - base)

    def keep_away(epsilon: Epsilon, x: torch.Tensor, index: int) -> torch.Tensor:
        if arithmetic.levels[index] < method.last_level:
            return positive(epsilon, index)
        unsafe, (alpha, sigma) = load_file(method.references.path)["latents"], arithmetic.path(index)
        temperature = method.temperature or unsafe[0].numel()
        squares = ((arithmetic.taken(x, index) - alpha * unsafe) ** 2).flatten(1).sum(dim=1)
        log_kernel = -squares / (2 * sigma**2 * temperature)
        mean = (torch.softmax(log_kernel, 0)[:, None, None, None] * unsafe).sum(dim=0)
        near = torch.exp(log_kernel).mean()
        if near < method.threshold:
            return guided(epsilon, index)
        shift = method.negative_scale * near * (arithmetic.clean(x, index, epsilon("")) - mean)
        return guided(epsilon, index) + shift / arithmetic.clean_per_output(index)

    shown_before: list[Number] = [torch.zeros(())]

    def remove_what_is_present(epsilon: Epsilon, x: torch.Tensor, index: int) -> torch.Tensor:
        raw = [epsilon(one) for one in ("", text.at(index), method.negative_prompt)]
        empty, prompt, concept = (one * arithmetic.noise_per_output(index) for one in raw)
        # ||prompt - empty||^2 - ||prompt - concept||^2, without the cancellation
        nearer = ((concept - empty) * ((prompt - empty) + (prompt - concept))).flatten().sum()
        now = method.scale / 2 * nearer + shown_before[0]
        (alpha, sigma), (alpha_next, sigma_next) = arithmetic.path(index), arithmetic.path(index + 1)
        signal = alpha**2 / (alpha**2 + sigma**2)
        ratio = signal * (1 + (sigma_next / alpha_next) ** 2)
        if ratio > 0:
            shown_before[0] = shown_before[0] + (1 - ratio) / (2 * ratio * (1 - signal)) * nearer
        square = method.scale * ((concept - empty) ** 2).flatten().sum()
        omega = max(now - method.threshold, 0.0 * now) / square if square > 0 else 0.0
        return guided(epsilon, index) - method.negative_scale * omega * (raw[2] - raw[0])

    steered: list[EditedText] = []

    def steer_the_text(epsilon: Epsilon, x: torch.Tensor, index: int) -> torch.Tensor:
        if arithmetic.levels[index] < method.last_level:
            return positive(epsilon, index)
        moved = steered_text(model, arithmetic, method, x.clone(), index, model.embed(text.at(index)))
        made.rows += 3  # a forward, and a backward that is worth two
        steered.append(EditedText(moved.digest(), moved))
        conditional = epsilon(steered[0])
        return conditional if unguided else epsilon("") + g * (conditional - epsilon(""))

    negative: list[str | None] = [None]
    seen: set[str] = set()
    last: list[tuple[torch.Tensor, str]] = []
    following = Following(method, made.looked)

    def dynamic(epsilon: Epsilon, x: torch.Tensor, index: int) -> torch.Tensor:
        asked = method.query_steps
        if method.query_levels:
            asked = [int(np.abs(np.array(arithmetic.levels) - level).argmin()) for level in method.query_levels]
        if index in asked:
            assert ask is not None
            clean = arithmetic.clean(x, index, finished(positive(epsilon, index), epsilon, index))
            again = bool(last) and _as_alike(method.reuse_similarity, clean, last[-1][0])
            answer = last[-1][1] if again else ask(model.preview(clean[None], 1)[0], method.vocabulary.question())
            if not again:
                last.append((clean, answer))
            made.asked.append((index, answer, again))
            terms = set(method.vocabulary.parse(answer))
            if method.remember:
                seen.update(terms)
                terms = seen
            negative[0] = method.vocabulary.negative_prompt(terms) if terms else None
        if negative[0] is None:
            following.forget()
            return positive(epsilon, index)
        scale = method.negative_scale
        if method.strength is not None:
            clean = arithmetic.clean(x, index, finished(positive(epsilon, index), epsilon, index))
            scale = following.scale(index, asked, negative[0], model.preview(clean[None], 1)[0])
        if scale == 0:
            return positive(epsilon, index)
        return guided(epsilon, index) - scale * (epsilon(negative[0]) - epsilon(""))

    guides: dict[type, Guide] = {
        NoGuidance: none,
        NegativePrompt: in_the_empty_prompts_place,
        StaticNegative: static,
        PerpNeg: perpendicular,
        SafeLatentDiffusion: safe_latent_diffusion,
        DynamicNegative: dynamic,
        SafeDenoiser: keep_away,
        ConceptRemovalGuidance: remove_what_is_present,
        SafeTextGuidance: steer_the_text,
        DynamicNegativeGuidance: follow_the_posterior,
    }
    plain = guides[type(method)]

    def finished(made: torch.Tensor, epsilon: Epsilon, index: int) -> torch.Tensor:
        conditional = epsilon(steered.pop() if steered else text.at(index))
        return made if made is conditional else finish(made, conditional)

    return lambda epsilon, x, index: finished(plain(epsilon, x, index), epsilon, index)


def _as_alike(threshold: float | None, left: torch.Tensor, right: torch.Tensor) -> bool:
    left, right = left.flatten().double(), right.flatten().double()
    return threshold is not None and float((left * right).sum() / (left.norm() * right.norm())) >= threshold
