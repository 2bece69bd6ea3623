"""The models of one engine: the base, and those of checkpoints as far as they fit in memory."""

import gc
from collections import OrderedDict
from collections.abc import Callable, Iterable, Sequence
from functools import partial
from typing import Any

from safesweep.engine.config import EngineConfig
from safesweep.engine.counters import Counters
from safesweep.engine.halves import One, Result, in_halves
from safesweep.engine.trajectory import Trajectory
from safesweep.models.base import DiffusionModel
from safesweep.models.variants.checkpoint import Checkpoint


class Models:
    """Makes a checkpoint's model when it is first wanted, and drops the one that was not used for the longest time to have room.

    ``most`` counts those of checkpoints; the base stays, since they share its weights.
    """

    def __init__(
        self,
        base: DiffusionModel,
        config: EngineConfig,
        counters: Counters,
        in_flight: Callable[[], Iterable[Trajectory]],
    ) -> None:
        """``in_flight``: the trajectories whose models may not be dropped now."""
        self._base, self._config, self._counters, self._in_flight = base, config, counters, in_flight
        self._held: OrderedDict[Checkpoint, DiffusionModel] = OrderedDict()
        base.reproduce(config.reproducible)

    def holds(self, checkpoint: Checkpoint | None) -> bool:
        """Whether its model is in memory."""
        return checkpoint is None or checkpoint in self._held

    def may_hold(self, checkpoint: Checkpoint | None) -> bool:
        """Whether its model is in memory, or there is room for it, or one that nothing in flight is of to make room."""
        if self.holds(checkpoint) or len(self._held) < self._config.most_checkpoints:
            return True
        return not self._busy().issuperset(self._held)

    def _busy(self) -> set[Checkpoint | None]:
        return {one.checkpoint for one in self._in_flight()}

    def of(self, checkpoint: Checkpoint | None) -> DiffusionModel:
        """The model of a checkpoint that ``may_hold``. Raises ``InputError`` where it cannot be made."""
        if checkpoint is None:
            return self._base
        if checkpoint not in self._held:
            if len(self._held) >= self._config.most_checkpoints:
                busy = self._busy()
                del self._held[next(held for held in self._held if held not in busy)]
                gc.collect()
            made = self._base.with_checkpoint(checkpoint)
            made.reproduce(self._config.reproducible)
            self._held[checkpoint] = made
            self._counters.checkpoints_loaded += 1
        self._held.move_to_end(checkpoint)
        return self._held[checkpoint]

    def in_halves(
        self,
        items: Sequence[One],
        work: Callable[[DiffusionModel, Sequence[One]], Sequence[Result]],
        failed: Callable[[One, Exception], None],
    ) -> list[tuple[One, Result]]:
        """``in_halves`` of the items of each model by themselves; ``work`` takes the model first.

        An item is a trajectory, or a tuple that begins with one.
        """
        groups: dict[Checkpoint | None, list[One]] = {}
        for item in items:
            trajectory: Any = item[0] if isinstance(item, tuple) else item
            groups.setdefault(trajectory.checkpoint, []).append(item)
        return [
            pair
            for checkpoint, some in groups.items()
            for pair in in_halves(some, partial(work, self.of(checkpoint)), failed)
        ]
