"""A gate's look at a preview, between the questions: it is shown the picture, and nobody waits."""

from collections.abc import Sequence

from safesweep.engine.counters import Stopwatch
from safesweep.engine.trajectory import LiveTrial, Trajectory
from safesweep.guidance.methods.base import Look
from safesweep.types import Picture


def look(
    timed: Stopwatch, trajectory: Trajectory, asked: Look, trials: Sequence[LiveTrial], preview: Picture
) -> list[tuple[LiveTrial, Exception]]:
    """Shows ``preview`` to the gate, whose time is the trajectory's; what it sees changes the trials' memories.

    Gives those whose method cannot take it, and why; all of them where the gate itself fails.
    """
    try:
        with timed("gate"):
            seen = asked.gate.seen(preview)
    except Exception as error:
        return [(trial, error) for trial in trials]
    trajectory.charge(timed.last)
    failed: list[tuple[LiveTrial, Exception]] = []
    for trial in trials:
        try:
            trial.look(trajectory.step, seen)
        except Exception as error:
            failed.append((trial, error))
    return failed
