"""The engine's arithmetic on mixed batches: trajectories at different steps, methods and scales, one expression for all.

Every expression is elementwise over the batch, so a trajectory's numbers never depend on its neighbours.
"""

from collections.abc import Callable, Hashable, Sequence
from typing import TypeVar

import torch

from guidance.methods.base import StepPlan, Track
from guidance.model import DiffusionModel
from guidance.solver import solve
from guidance.text import Text
from guidance.trajectory import Trajectory

Step = tuple[Trajectory, StepPlan]
T = TypeVar("T")


def predict(model: DiffusionModel, rows: Sequence[tuple[Trajectory, Text]], bucket: int) -> torch.Tensor:
    """Noise predictions [bucket, C, H, W] of one forward, the last row repeated up to ``bucket`` rows."""
    padded = [*rows, *[rows[-1]] * (bucket - len(rows))]
    scale = torch.stack([t.table.input_scale_S[t.step] for t, _ in padded]).to(model.device)
    latents = torch.stack([t.latents[0] for t, _ in padded]) * scale[:, None, None, None]
    timesteps = torch.stack([t.table.timesteps_S[t.step] for t, _ in padded]).to(model.device)
    return model.noise(latents, timesteps, [model.embed(text) for _, text in padded])


def combine(steps: Sequence[Step]) -> list[torch.Tensor]:
    """Guided predictions, one [C, H, W] a step; plans of one form are combined together, whatever their numbers."""
    guided: dict[int, torch.Tensor] = {}
    for members in _groups(steps, lambda step: (step[1].combine, len(step[1].texts), step[0].shape)):
        chosen = [steps[index] for index in members]
        eps = _predictions(chosen)
        if chosen[0][1].track is not None:
            eps = (*eps, torch.stack([_kept(t, plan.track) for t, plan in chosen if plan.track is not None]))
        guided.update(zip(members, chosen[0][1].combine(eps, _scales(chosen)).unbind(), strict=True))
    return [guided[index] for index in range(len(steps))]


def update_tracks(trajectories: Sequence[Trajectory]) -> None:
    """Brings up to date what methods carry along their trajectories, before the step is taken."""
    pairs = [(t, track) for t in trajectories for track in t.outlook.tracks]
    for members in _groups(pairs, lambda pair: (pair[1].update, len(pair[1].texts), pair[1].kept, pair[0].shape)):
        chosen = [pairs[index] for index in members]
        kept = torch.stack([_kept(t, track) for t, track in chosen])
        updated = chosen[0][1].update(_predictions(chosen), _scales(chosen), kept)
        for (trajectory, track), new in zip(chosen, updated.unbind(), strict=True):
            trajectory.tracked[track] = new


def predicted_clean(steps: Sequence[Step]) -> list[torch.Tensor]:
    """x̂0, the predicted clean latents, one [C, H, W] a step."""
    return [
        t.latents[0] * t.table.clean_latents_S[t.step].item() + output * t.table.clean_output_S[t.step].item()
        for (t, _), output in zip(steps, combine(steps), strict=True)
    ]


def take_steps(trajectories: Sequence[Trajectory], guided: Sequence[torch.Tensor]) -> list[Trajectory]:
    """One solver step for all; gives back those whose new latents are not finite, which did not take it."""
    failed: list[Trajectory] = []
    for members in _groups(trajectories, lambda t: t.shape):
        chosen = [trajectories[index] for index in members]
        outputs = [guided[index] for index in members]
        stepped = _solve(chosen, outputs)
        finite = torch.isfinite(stepped).flatten(1).all(dim=1).tolist()
        for trajectory, new, output, good in zip(chosen, stepped.unbind(), outputs, finite, strict=True):
            if good:
                trajectory.push(new, output)
            else:
                failed.append(trajectory)
    return failed


def _solve(trajectories: Sequence[Trajectory], guided: Sequence[torch.Tensor]) -> torch.Tensor:
    depth = max(trajectory.table.history for trajectory in trajectories)
    device = guided[0].device

    def weights(name: str) -> torch.Tensor:
        rows = [getattr(t.table, name)[t.step] for t in trajectories]
        return torch.stack([torch.nn.functional.pad(row, (0, depth - len(row))) for row in rows]).to(device)

    def history(newest_first: list[torch.Tensor]) -> torch.Tensor:
        return torch.stack([newest_first[min(back, len(newest_first) - 1)] for back in range(depth)])

    latents = torch.stack([history(t.latents) for t in trajectories])
    outputs = torch.stack([history([new, *t.outputs]) for t, new in zip(trajectories, guided, strict=True)])
    return solve(latents, outputs, weights("latents_SK"), weights("outputs_SK"))


def groups_by_shape(tensors: Sequence[torch.Tensor]) -> list[list[int]]:
    """Places of the tensors of each shape."""
    return _groups(tensors, lambda tensor: tuple(tensor.shape))


def _groups(items: Sequence[T], key: Callable[[T], Hashable]) -> list[list[int]]:
    groups: dict[Hashable, list[int]] = {}
    for index, item in enumerate(items):
        groups.setdefault(key(item), []).append(index)
    return list(groups.values())


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
    kept = trajectory.tracked.get(track)
    return kept if kept is not None else trajectory.latents[0].new_zeros(track.kept, *trajectory.shape)
