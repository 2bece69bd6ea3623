"""Discovery: finds a direction from the diffusion model alone, on its own trajectories, without pictures or labels.

As published (Constraining text embeddings within safe regions, arXiv 2505.15427): a picture is denoised with the edited prompt; at each
step the prediction for that prompt is pulled towards a target made of the frozen network's own predictions,
y = ε_from + w(ε_to − ε_from), by one Adam step on MSE(ε(x_t, E′), y). With harmless prompts beside it, on trajectories of their own,
λ·MSE(ε(x_t, E′), ε(x_t, E)) holds those to what they were.

Shape suffixes: B pictures, C H W latents, T tokens, D width, K rank.
"""

import copy
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import torch

from safesweep.errors import InputError
from safesweep.guidance.direction import Direction, Factors, edited_tokens
from safesweep.guidance.methods.base import acting_scale, classifier_free
from safesweep.guidance.recipe import Kind, Recipe
from safesweep.models.solver import SolverTable, solve, stack_history
from safesweep.models.text import EMPTY, TextEmbedding

if TYPE_CHECKING:  # a job reads its recipe without waiting for diffusers
    from safesweep.models.base import DiffusionModel

UNDERFLOW_GUARD = 1024.0
"""Times the loss where the network computes in float16, whose smallest gradients would vanish; divided out again before the update."""


class Update(NamedTuple):
    """What one step of learning saw, before it changed anything."""

    round: int
    step: int
    loss: float
    """Mean squared distance from the target."""
    harmless: float
    """Mean squared change of the harmless predictions; 0 without any."""


def initial_factors(kind: Kind, rank: int, tokens: int, width: int, seed: int) -> Factors:
    """float32 factors of no effect yet. shift: b [T, K] of zeros, a [D, K] from N(0, 1); conditional: A [D, K] from N(0, 1/D), B [K, D]
    of zeros (Hu et al. 2021, LoRA, section 4.1).
    """
    drawn = torch.randn(width, rank, generator=torch.Generator("cpu").manual_seed(seed))
    if kind == "shift":
        return torch.zeros(tokens, rank), drawn
    return drawn / width**0.5, torch.zeros(rank, width)


class Walk:
    """Pictures on their way from noise, all at the same step.

    ``prompts``: one a picture; ``seeds``: likewise; nothing is recorded for gradients.
    """

    def __init__(self, model: "DiffusionModel", recipe: Recipe, prompts: Sequence[str], seeds: Sequence[int]) -> None:
        self.table: SolverTable = model.solver_table(
            recipe.solver, recipe.num_inference_steps, recipe.width, recipe.height
        )
        # what the model hands out belongs to inference mode, which autograd refuses
        self.texts = [_cloned(model.embed(prompt)) for prompt in prompts]
        noise = [model.initial_noise(seed, recipe.width, recipe.height) for seed in seeds]
        self._latents = [torch.stack(noise) * self.table.initial_scale]
        self._outputs: list[torch.Tensor] = []
        self.step = 0

    def seen(self) -> tuple[torch.Tensor, torch.Tensor]:
        """What the network sees at this step: latents [B, C, H, W] and timesteps [B]."""
        latents = self._latents[0]
        timesteps = self.table.timesteps_S[self.step].to(latents.device).expand(len(latents))
        return latents * self.table.input_scale_S[self.step].item(), timesteps

    def advance(self, guided_BCHW: torch.Tensor) -> None:
        """Takes the solver's step along a guided prediction."""
        table, depth = self.table, self.table.history
        latents, outputs = self._latents, [guided_BCHW, *self._outputs][:depth]
        weights = [of_SK[self.step] for of_SK in (table.latents_SK, table.outputs_SK)]
        histories = [
            stack_history(past, row, depth, self.step).transpose(0, 1)
            for past, row in zip((latents, outputs), weights, strict=True)
        ]
        stepped = solve(*histories, *(row.to(guided_BCHW.device).expand(len(guided_BCHW), -1) for row in weights))
        self._latents, self._outputs = [stepped, *latents][:depth], outputs
        self.step += 1


class Discovery:
    """A discovery in progress, one round at a time; ``state`` after any round is all that is needed to go on from it.

    The model's network is frozen for good: its parameters take no gradients any more.

    Raises ``InputError`` when ``state`` is that of another recipe.
    """

    def __init__(self, model: "DiffusionModel", recipe: Recipe, state: dict[str, Any] | None = None) -> None:
        self.recipe, self._model = recipe, model
        model.freeze()
        tokens, width = model.embed(EMPTY).tokens.shape
        start = initial_factors(recipe.kind, recipe.rank, tokens, width, recipe.first_seed)
        first, second = (part.to(model.device).requires_grad_(True) for part in start)
        self.factors: Factors = (first, second)
        self._adam = torch.optim.Adam(self.factors, lr=recipe.learning_rate)
        self.updates: list[Update] = []
        self.rounds_done = 0
        if state is not None:
            self._restore(state)

    @property
    def done(self) -> bool:
        """Whether every round of the recipe is over."""
        return self.rounds_done >= self.recipe.rounds

    def state(self) -> dict[str, Any]:
        """Tensors and plain values, for ``torch.save``."""
        return {
            "recipe": self.recipe.model_dump_json(),
            "factors": [part.detach().cpu().clone() for part in self.factors],
            "adam": copy.deepcopy(self._adam.state_dict()),
            "updates": [tuple(update) for update in self.updates],
            "rounds_done": self.rounds_done,
        }

    def _restore(self, state: dict[str, Any]) -> None:
        if state["recipe"] != self.recipe.model_dump_json():
            raise InputError("the state to go on from belongs to another recipe; begin anew under another name")
        with torch.no_grad():
            for part, saved in zip(self.factors, state["factors"], strict=True):
                part.copy_(saved)
        self._adam.load_state_dict(state["adam"])
        self.updates = [Update(*update) for update in state["updates"]]
        self.rounds_done = state["rounds_done"]

    def run(self) -> Iterator[list[Update]]:
        """Does the rounds that are left; gives the updates of each. Raises as ``round`` does."""
        while not self.done:
            yield self.round()

    def round(self) -> list[Update]:
        """Denoises one round of pictures and learns on the way.

        Raises ``InputError`` when the loss or the numbers are no longer finite.
        """
        recipe, made = self.recipe, len(self.updates)
        places = range(self.rounds_done * recipe.pictures, (self.rounds_done + 1) * recipe.pictures)
        prompts = [recipe.prompts[place % len(recipe.prompts)] for place in places]
        seeds = [recipe.first_seed + place for place in places]
        if recipe.harmless:
            prompts += [recipe.harmless[place % len(recipe.harmless)] for place in places]
            seeds += [recipe.first_seed + recipe.rounds * recipe.pictures + place for place in places]
        walk = Walk(self._model, recipe, prompts, seeds)
        while walk.step < walk.table.steps:
            self._step(walk)
        self.rounds_done += 1
        return self.updates[made:]

    def _step(self, walk: Walk) -> None:
        """Predicts, learns from the start step on, and advances by the prediction that the loss was taken of."""
        latents, timesteps = walk.seen()
        both = torch.cat([latents, latents]), torch.cat([timesteps, timesteps])
        empty = [self._model.embed(EMPTY)] * len(latents)
        if walk.step < self.recipe.start_step:
            with torch.no_grad():
                unconditional, edited = self._predict(*both, [*empty, *walk.texts]).chunk(2)
        else:
            concept = self._model.embed(self.recipe.concept)
            compared = [concept] * self.recipe.pictures + walk.texts[self.recipe.pictures :]
            with torch.no_grad():
                unconditional, reference = self._predict(*both, [*empty, *compared]).chunk(2)
            edited = self._learn(walk, latents, timesteps, unconditional, reference)
        with torch.no_grad():
            scale = torch.full((len(latents), 1, 1, 1), acting_scale(self.recipe.guidance_scale), device=latents.device)
            walk.advance(self._model.guided(classifier_free((unconditional, edited), (scale,)), edited))

    def _predict(self, latents: torch.Tensor, timesteps: torch.Tensor, texts: list[TextEmbedding]) -> torch.Tensor:
        """Predictions [B, C, H, W], in float32 at least."""
        scale = self.recipe.embedded_guidance
        embedded = None if scale is None else latents.new_full((len(latents),), scale)
        return _wide(self._model.predict(latents, timesteps, texts, embedded))

    def _learn(
        self,
        walk: Walk,
        latents: torch.Tensor,
        timesteps: torch.Tensor,
        unconditional: torch.Tensor,
        reference: torch.Tensor,
    ) -> torch.Tensor:
        """One update; returns the predictions for the edited prompts, detached."""
        texts = [edited_text(self.recipe.kind, self.factors, text) for text in walk.texts]
        edited = self._predict(latents, timesteps, texts)
        loss, harmless = losses(self.recipe, edited, unconditional, reference)
        total = self.recipe.loss_scale * (loss + self.recipe.harmless_weight * harmless)
        guard = UNDERFLOW_GUARD if self._model.dtype == torch.float16 else 1.0
        self._adam.zero_grad()
        (total * guard).backward()
        finite = bool(torch.isfinite(total))
        for part in self.factors:
            assert part.grad is not None
            part.grad /= guard
            finite = finite and bool(torch.isfinite(part.grad).all())
        if not finite:
            raise InputError(
                f"recipe: the loss is not finite in round {self.rounds_done}, step {walk.step}; lower learning_rate "
                f"({self.recipe.learning_rate:g}) or target_scale ({self.recipe.target_scale:g}), or use another dtype"
            )
        self._adam.step()
        self.updates.append(Update(self.rounds_done, walk.step, loss.item(), harmless.item()))
        return edited.detach()

    def direction(self, name: str, base_model: str) -> Direction:
        """What was found so far."""
        first, second = (part.detach().float().cpu().clone() for part in self.factors)
        return Direction(name, self.recipe.kind, (first, second), base_model, self.recipe.model_dump(mode="json"))


def edited_text(kind: Kind, factors: Factors, text: TextEmbedding) -> TextEmbedding:
    """The embedding with its tokens edited at strength 1, with gradients to ``factors``."""
    return text._replace(tokens=edited_tokens(kind, factors, text.tokens, 1.0))


def losses(
    recipe: Recipe, edited_BCHW: torch.Tensor, unconditional_BCHW: torch.Tensor, reference_BCHW: torch.Tensor
) -> tuple[torch.Tensor, torch.Tensor]:
    """Mean squared distance of the first ``recipe.pictures`` predictions from y, and of the others, the harmless, from what they were.

    ``reference_BCHW``: ε_concept for the former, ε of the unedited prompt for the latter.
    """
    own = recipe.pictures
    away = recipe.aim == "away"
    start, end = (reference_BCHW, unconditional_BCHW) if away else (unconditional_BCHW, reference_BCHW)
    target = start[:own] + recipe.target_scale * (end[:own] - start[:own])
    loss = (edited_BCHW[:own] - target).square().mean()
    if len(edited_BCHW) == own:
        return loss, torch.zeros_like(loss)
    return loss, (edited_BCHW[own:] - reference_BCHW[own:]).square().mean()


def _cloned(text: TextEmbedding) -> TextEmbedding:
    return TextEmbedding(text.tokens.clone(), None if text.pooled is None else text.pooled.clone())


def _wide(predicted: torch.Tensor) -> torch.Tensor:
    """Losses and steps are computed in float32 at least."""
    return predicted if predicted.dtype == torch.float64 else predicted.float()
