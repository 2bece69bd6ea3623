"""An attack's actors in this process, without a cluster: the same classes, called where Ray would carry a message."""

import asyncio
import inspect
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from actors.attempts import AttemptMaker, AttemptScorer
from pipelines.attack.config import AttackConfig
from pipelines.attack.workers import Makers, Scorers, Workers
from safesweep.guidance.cell import Cell

STAMP = {"run_id": "here", "models": "{}", "versions": "{}", "git_revision": "unknown"}


class Here:
    """An object whose methods are asked as an actor's are."""

    def __init__(self, held: Any) -> None:
        self.held = held

    def __getattr__(self, name: str) -> "_Method":
        return _Method(getattr(self.held, name))


class _Method:
    def __init__(self, method: Callable[..., Any]) -> None:
        self._method = method

    def remote(self, *arguments: Any) -> Any:
        """What the method gives, to be awaited; one that is no coroutine runs in a thread."""
        if inspect.iscoroutinefunction(self._method):
            return self._method(*arguments)
        return asyncio.to_thread(self._method, *arguments)


@contextmanager
def workers_here(
    config: AttackConfig, cells: Sequence[Cell], ask: Callable[..., Any] | None = None, run_id: str = "here"
) -> Iterator[tuple[Workers, AttemptMaker]]:
    """As ``pipelines.attack.workers.workers``, one of each kind; and the maker itself, whose engine has counters.

    ``ask``: the VLM, as the engine takes it; none where no cell asks.
    """
    maker = AttemptMaker(config.diffusion, None, cells, {**STAMP, "run_id": run_id})
    engine = maker._engine
    assert engine is not None
    engine._ask = ask
    fidelity = config.attack.fidelity if config.attack.measures_fidelity else None
    safety, alignment = (AttemptScorer(stage.scorers, stage.threads) for stage in (config.safety, config.alignment))
    try:
        yield (
            Workers(
                Makers([Here(maker)]),
                Scorers([Here(safety)], config.safety.batch_size, None),
                Scorers([Here(alignment)], config.alignment.batch_size, fidelity),
            ),
            maker,
        )
    finally:
        engine.close()
