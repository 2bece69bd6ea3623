"""An attack's actors in this process, without a cluster: the same classes, called where Ray would carry a message."""

import asyncio
import inspect
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from rich.console import Console

from actors.attempts import AttemptMaker, AttemptScorer
from pipelines.attack.config import AttackConfig
from pipelines.attack.history import History
from pipelines.attack.run import Searching, operators_of, run_searches
from pipelines.attack.searches import Attempts, PlannedSearch
from pipelines.attack.trials import AttackTrials
from pipelines.attack.workers import Makers, Scorers, Workers
from pipelines.evaluation import begin_manifest
from pipelines.plan import RunPlan
from safesweep.engine.engine import Engine
from safesweep.guidance.cell import Cell
from safesweep.lake.attempts import read_attempts
from safesweep.lake.store import RunStore
from safesweep.measures.profiles import get_profile

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
    assert isinstance(engine, Engine)
    engine._ask = ask
    alone = config.diffusion.reproducible
    fidelity = config.attack.fidelity if config.attack.measures_fidelity else None
    safety, alignment = (AttemptScorer(stage.scorers, stage.threads) for stage in (config.safety, config.alignment))
    try:
        yield (
            Workers(
                Makers([Here(maker)]),
                Scorers([Here(safety)], config.safety.batch_size, None, alone),
                Scorers([Here(alignment)], config.alignment.batch_size, fidelity, alone),
            ),
            maker,
        )
    finally:
        engine.close()


def attack_here(
    config: AttackConfig,
    plan: RunPlan,
    store: RunStore,
    searches: Sequence[PlannedSearch],
    console: Console,
    ask: Callable[..., Any] | None = None,
) -> int:
    """As ``pipelines.attack.run.attack``, in this process; returns how many pictures were made.

    ``ask``: the VLM, as the engine takes it; none where no cell asks.
    """
    trials = AttackTrials(store, get_profile(config.profile), config.attack.fidelity_floor)
    history = History(read_attempts(store.lake, store.run_id).to_pylist())
    left = [one for one in searches if not history.ended(one.name, config.attack.rules(), trials)]
    store.write_manifest({**begin_manifest(config, plan, store, len(trials)), "status": "running"})
    console.print(
        f"{len(searches)} searches, {len(searches) - len(left)} are over, {len(trials)} trials in the lake already"
    )
    if not left:
        return 0
    with workers_here(config, plan.cells, ask, store.run_id) as (workers, _), operators_of(config) as operators:
        attempts = Attempts(plan.names, trials, workers, history)
        run_searches(Searching(config, left, attempts, operators, trials, workers, console))
    return attempts.made
