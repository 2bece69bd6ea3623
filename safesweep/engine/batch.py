"""The engine's arithmetic on mixed batches: trajectories at different steps, methods and scales, one expression for all.

Every expression is elementwise over the batch, so a trajectory's numbers never depend on its neighbours.
"""

from collections.abc import Callable, Hashable, Sequence
from typing import NamedTuple, TypeVar

import torch

from safesweep.engine.trajectory import Trajectory
from safesweep.guidance.methods.base import StepPlan, Track
from safesweep.guidance.methods.seen import Seen
from safesweep.models.base import DiffusionModel
from safesweep.models.solver import solve, stack_histories
from safesweep.models.text import SteeredText, Text, TextEmbedding
from safesweep.types import Picture

Packed = tuple[Trajectory, tuple[Text, ...]]
"""A trajectory in a forward, with the texts that it has rows for."""
Step = tuple[Trajectory, StepPlan]
T = TypeVar("T")


class SolverStep(NamedTuple):
    """A solver step: the new latents [C, H, W], the guided prediction that led to them, and whether the latents are numbers."""

    latents: torch.Tensor
    output: torch.Tensor
    finite: bool


def pack(ready: Sequence[Trajectory], max_rows: int) -> list[Packed]:
    """Who has rows in the next forward: trajectories of one size and one checkpoint, the most advanced first.

    The oldest decides on both, so that none waits for ever. The last one in may get a part of its rows: predictions are kept.
    """
    needing = [(trajectory, texts) for trajectory in ready if (texts := trajectory.needs())]
    if not needing:
        return []
    kind = min(needing, key=lambda pair: pair[0].order)[0].together_with
    packed: list[Packed] = []
    free = max_rows
    for trajectory, texts in sorted(needing, key=lambda pair: (-pair[0].step, pair[0].order)):
        if free and trajectory.together_with == kind:
            packed.append((trajectory, texts[:free]))
            free -= len(packed[-1][1])
    return packed


def predict(model: DiffusionModel, rows: Sequence[tuple[Trajectory, Text]], bucket: int) -> torch.Tensor:
    """Noise predictions [bucket, C, H, W] of one forward, the last row repeated up to ``bucket`` rows."""
    padded = [*rows, *[rows[-1]] * (bucket - len(rows))]
    inputs = [t.table.inputs[t.step] for t, _ in padded]
    scale = torch.stack([scale for scale, _ in inputs]).to(model.device)
    latents = torch.stack([t.latents[0] for t, _ in padded]) * scale[:, None, None, None]
    timesteps = torch.stack([timestep for _, timestep in inputs]).to(model.device)
    scales = [trajectory.embedded for trajectory, _ in padded]
    embedded = None if None in scales else torch.tensor(scales, dtype=torch.float32, device=model.device)
    predicted = model.noise(latents, timesteps, _embeddings(model, padded), embedded)
    if predicted.is_cuda:  # so that the time of a forward is its own
        torch.cuda.synchronize(predicted.device)
    return predicted


def combine(model: DiffusionModel, steps: Sequence[Step]) -> list[torch.Tensor]:
    """Guided predictions, one [C, H, W] a step; plans of one form are combined together, whatever their numbers."""
    guided: dict[int, torch.Tensor] = {}
    for members in _groups(steps, lambda step: (_form(step[1]), step[0].shape)):
        chosen = [steps[index] for index in members]
        eps = _predictions(chosen)
        if chosen[0][1].track is not None:
            eps = (*eps, torch.stack([_kept(t, plan.track) for t, plan in chosen if plan.track is not None]))
        plan = chosen[0][1]
        scales = _scales(chosen)
        made = plan.combine(eps, scales)
        if plan.correct is not None:
            made = plan.correct(made, eps, scales, _seen([t for t, _ in chosen]))
        if len(plan.texts) > 1:
            made = model.guided(made, eps[plan.prompt_at])
        guided.update(zip(members, made.unbind(), strict=True))
    return [guided[index] for index in range(len(steps))]


def updated_tracks(complete: Sequence[Trajectory]) -> list[dict[Track, torch.Tensor]]:
    """What methods carry along each trajectory, brought up to date before its step is taken; [K, C, H, W] a track."""
    pairs = [(t, track) for t in complete for track in t.outlook.tracks]
    made: dict[tuple[int, Track], torch.Tensor] = {}
    for members in _groups(pairs, lambda pair: (pair[1].update, len(pair[1].texts), pair[1].kept, pair[0].shape)):
        chosen = [pairs[index] for index in members]
        kept = torch.stack([_kept(t, track) for t, track in chosen])
        seen = _seen([t for t, _ in chosen])
        updated = chosen[0][1].update(_predictions(chosen), _scales(chosen), kept, seen)
        made.update(zip([(id(t), track) for t, track in chosen], updated.unbind(), strict=True))
    return [{track: made[id(t), track] for track in t.outlook.tracks} for t in complete]


def predicted_clean(model: DiffusionModel, steps: Sequence[Step]) -> list[torch.Tensor]:
    """x̂0, the predicted clean latents, one [C, H, W] a step."""
    return [
        t.latents[0] * t.table.clean_latents_S[t.step].item() + output * t.table.clean_output_S[t.step].item()
        for (t, _), output in zip(steps, combine(model, steps), strict=True)
    ]


def take_steps(model: DiffusionModel, steps: Sequence[Step]) -> list[SolverStep]:
    """One solver step for all. The trajectories stay as they are."""
    guided = combine(model, steps)
    taken: dict[int, SolverStep] = {}
    for members in _groups(steps, lambda step: step[0].shape):
        outputs = [guided[index] for index in members]
        stepped = _solve([steps[index][0] for index in members], outputs)
        sound = torch.isfinite(stepped).flatten(1).all(dim=1).tolist()
        taken.update(zip(members, map(SolverStep, stepped.unbind(), outputs, sound), strict=True))
    return [taken[index] for index in range(len(steps))]


def finite(tensors: Sequence[torch.Tensor]) -> list[bool]:
    """Whether each tensor holds nothing but numbers."""
    good = torch.stack([torch.isfinite(tensor).all() for tensor in tensors])
    return [bool(one) for one in good.tolist()]


def cosine_similarity(left: torch.Tensor, right: torch.Tensor) -> float:
    """Cosine similarity of two latents."""
    return float(torch.nn.functional.cosine_similarity(left.flatten().double(), right.flatten().double(), dim=0))


def decode(
    latents: Sequence[torch.Tensor], decoder: Callable[[torch.Tensor, int], list[Picture]], at_once: int
) -> list[Picture]:
    """Decoded pictures, ``at_once`` together; latents of different sizes are decoded apart."""
    pictures: dict[int, Picture] = {}
    for members in _groups(latents, lambda tensor: tuple(tensor.shape)):
        decoded = decoder(torch.stack([latents[index] for index in members]), at_once)
        pictures.update(zip(members, decoded, strict=True))
    return [pictures[index] for index in range(len(latents))]


def _solve(trajectories: Sequence[Trajectory], guided: Sequence[torch.Tensor]) -> torch.Tensor:
    depth = max(trajectory.table.history for trajectory in trajectories)
    weights = [t.table.weights(depth)[t.step] for t in trajectories]
    both = list(zip(trajectories, weights, guided, strict=True))
    return solve(
        stack_histories([(t.latents, weigh.latents_reach, t.step) for t, weigh, _ in both], depth),
        stack_histories([([new, *t.outputs], weigh.outputs_reach, t.step) for t, weigh, new in both], depth),
        torch.stack([weigh.latents for weigh in weights]).to(guided[0].device),
        torch.stack([weigh.outputs for weigh in weights]).to(guided[0].device),
    )


def _groups(items: Sequence[T], key: Callable[[T], Hashable]) -> list[list[int]]:
    groups: dict[Hashable, list[int]] = {}
    for index, item in enumerate(items):
        groups.setdefault(key(item), []).append(index)
    return list(groups.values())


def _embeddings(model: DiffusionModel, rows: Sequence[tuple[Trajectory, Text]]) -> list[TextEmbedding]:
    """Of each row. A steered text takes a gradient of its own, one sample at a time, so that it does not depend on neighbours."""
    steered: dict[tuple[int, Text], TextEmbedding] = {}
    for trajectory, text in rows:
        if isinstance(text, SteeredText) and (id(trajectory), text) not in steered:
            start, seen = model.embed(text.text), _seen([trajectory])
            steered[id(trajectory), text] = text.by(model, start, seen, trajectory.embedded)
    return [steered.get((id(trajectory), text)) or model.embed(text) for trajectory, text in rows]


def _form(plan: StepPlan) -> Hashable:
    return plan.combine, plan.correct, len(plan.texts), plan.prompt_at


def _seen(trajectories: Sequence[Trajectory]) -> Seen:
    return Seen(tuple(t.latents[0] for t in trajectories), tuple((t.table, t.step) for t in trajectories))


def _predictions(
    pairs: Sequence[tuple[Trajectory, StepPlan]] | Sequence[tuple[Trajectory, Track]],
) -> tuple[torch.Tensor, ...]:
    places = range(len(pairs[0][1].texts))
    return tuple(torch.stack([t.predictions[item.texts[place]] for t, item in pairs]) for place in places)


def _scales(
    pairs: Sequence[tuple[Trajectory, StepPlan]] | Sequence[tuple[Trajectory, Track]],
) -> tuple[torch.Tensor, ...]:
    device = pairs[0][0].latents[0].device
    numbers = torch.tensor([item.scales for _, item in pairs], device=device)
    return tuple(numbers[:, place, None, None, None] for place in range(numbers.shape[1]))


def _kept(trajectory: Trajectory, track: Track) -> torch.Tensor:
    if track in trajectory.tracked:
        return trajectory.tracked[track]
    for before, kept in trajectory.tracked.items():  # the last step's, when a text edit has changed the texts since
        if before._replace(texts=track.texts) == track:
            return kept
    return trajectory.latents[0].new_zeros(track.kept, *trajectory.shape)
