"""A question on its way: to a gate first, where the method has one, and to the VLM where no gate answers it."""

import time
from collections.abc import Callable, Sequence
from concurrent.futures import Future

import torch

from safesweep.engine.batch import cosine_similarity
from safesweep.engine.counters import Stopwatch
from safesweep.engine.trajectory import LiveTrial, Pending, Trajectory
from safesweep.guidance.methods.base import Ask
from safesweep.types import Picture

AskVlm = Callable[[Picture, str], "Future[str]"]
"""Sends a picture and a question on their way; the future gives the raw answer, or the error after all retries."""


def answered_before(trial: LiveTrial, ask: Ask, clean: torch.Tensor) -> str | None:
    """The trial's last answer, where its method takes that again for predicted clean latents [C, H, W] so like the last ones."""
    last = trial.asked
    if ask.reuse is None or last is None or cosine_similarity(clean, last.clean) < ask.reuse:
        return None
    return last.answer


def send(
    to: AskVlm,
    timed: Stopwatch,
    trajectory: Trajectory,
    ask: Ask,
    asking: Sequence[LiveTrial],
    clean: torch.Tensor,
    preview: Picture,
) -> Pending:
    """Shows ``preview`` to the gate, whose time is the trajectory's, and sends the question ``to`` the VLM unless the gate answers it.

    ``clean``: the predicted clean latents [C, H, W] that the preview shows. Raises whatever the gate and ``to`` raise.
    """
    started, verdict = time.monotonic(), None
    if ask.gating is not None:
        with timed("gate"):
            verdict = ask.gating.verdict(preview, asking[0].drawn_by(trajectory.step))
        trajectory.charge(timed.last)
    answer = verdict.resolved() if verdict is not None and verdict.answers else to(preview, ask.question)
    return Pending(answer, ask.question, list(asking), preview, clean, started, verdict)
