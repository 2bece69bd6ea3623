"""The predicted clean pictures that the VLM is asked about and gates look at."""

from collections.abc import Sequence

from safesweep.engine import batch
from safesweep.engine.counters import Stopwatch
from safesweep.engine.trajectory import LiveTrial, Preview, Trajectory
from safesweep.guidance.methods.base import Ask, Look
from safesweep.models.base import DiffusionModel

Asking = tuple[Trajectory, Ask | Look, list[LiveTrial]]
"""A trajectory with an open question or look, and the trials that wait for it."""


def predict_previews(
    model: DiffusionModel, asking: Sequence[Asking], timed: Stopwatch, at_once: int
) -> list[Preview | None]:
    """x̂0 and its picture for each, ``at_once`` decoded together; none where x̂0 is not finite.

    A look takes the picture of a question that came before it at the step. The time is charged to the trajectories.
    """
    known = [one.previews.get(ask.plan) if isinstance(ask, Look) else None for one, ask, _ in asking]
    new = [(one, ask.plan) for (one, ask, _), preview in zip(asking, known, strict=True) if preview is None]
    if not new:
        return list(known)
    with timed("decode", previews=len(new)):
        clean = batch.predicted_clean(model, new)
        good = batch.finite(clean)
        sound = [latents for latents, fine in zip(clean, good, strict=True) if fine]
        decoded = iter(batch.decode(sound, model.preview, at_once))
    made = iter([(latents, next(decoded)) if fine else None for latents, fine in zip(clean, good, strict=True)])
    shown = [next(made) if preview is None else preview for preview in known]
    for trajectory, _ in new:
        trajectory.charge(timed.last / len(new))
    for (trajectory, ask, _), preview in zip(asking, shown, strict=True):
        if preview is not None:
            trajectory.previews[ask.plan] = preview
    return shown
