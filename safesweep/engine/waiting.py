"""Work that is not begun: of each request, the cells of each checkpoint by themselves."""

from collections import deque
from typing import NamedTuple

from safesweep.engine.models import Models
from safesweep.engine.trajectory import Submission
from safesweep.models.variants.checkpoint import Checkpoint


class Part(NamedTuple):
    """The cells of a request that are made with one checkpoint."""

    submission: Submission
    checkpoint: Checkpoint | None
    places: tuple[int, ...]
    """Of these cells among the request's."""


class Waiting:
    """A queue a checkpoint. One is worked off before another is begun, so that models are loaded rarely and batches are full."""

    def __init__(self) -> None:
        self._queues: dict[Checkpoint | None, deque[Part]] = {}
        self._last: Checkpoint | None = None

    def __len__(self) -> int:
        return sum(map(len, self._queues.values()))

    def put(self, submission: Submission) -> None:
        """Takes all parts of a request."""
        places: dict[Checkpoint | None, list[int]] = {}
        for place, cell in enumerate(submission.request.cells):
            places.setdefault(cell.checkpoint, []).append(place)
        for checkpoint, own in places.items():
            self._queues.setdefault(checkpoint, deque()).append(Part(submission, checkpoint, tuple(own)))

    def has(self, models: Models) -> bool:
        """Whether there is work of a checkpoint whose model is there or may be made now."""
        return any(models.may_hold(checkpoint) for checkpoint in self._queues)

    def take(self, models: Models) -> Part | None:
        """The next part: of the last one's checkpoint, else of one whose model is there, else of one whose may be made now; of these the
        one that waits for the longest time. None where there is no such."""
        for checkpoint in sorted(self._queues, key=lambda one: (one != self._last, not models.holds(one))):
            if models.may_hold(checkpoint):
                self._last = checkpoint
                part = self._queues[checkpoint].popleft()
                if not self._queues[checkpoint]:
                    del self._queues[checkpoint]
                return part
        return None
