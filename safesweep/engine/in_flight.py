"""How many trajectories must be in flight so that the network never waits for the VLM: Little's law, from what was measured."""

import math

FORGETTING = 0.98
"""Weight of the past at each tick, so that the bound follows a VLM that grows slower or faster."""
HEADROOM = 1.25
"""Answers come in bursts; the law speaks of averages."""


class InFlightBound:
    """Slots a batch × (1 + time parked / time in the batch), between one batch's worth and ``most``."""

    def __init__(self, slots: int, most: int) -> None:
        self._slots, self._most = slots, max(slots, most)
        self._parked = self._batched = 0.0

    def tick(self, seconds: float, batched: int, parked: int) -> None:
        """Takes note of a tick's ``seconds`` with so many trajectories in the batch and so many parked."""
        self._batched = self._batched * FORGETTING + seconds * batched
        self._parked = self._parked * FORGETTING + seconds * parked

    @property
    def trajectories(self) -> int:
        """The bound now."""
        if self._batched == 0:
            return min(2 * self._slots, self._most)
        wanted = self._slots * (1 + HEADROOM * self._parked / self._batched)
        return max(self._slots + 1, min(self._most, math.ceil(wanted)))
