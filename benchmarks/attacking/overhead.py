"""What searches side by side cost beside the network: their time against that of the same pictures' network rows, all asked for at once."""

import asyncio
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

from rich.console import Console

from actors.attempts import AttemptMaker
from benchmarks.attacking.here import STAMP, workers_here
from pipelines.attack.config import AttackConfig
from pipelines.attack.history import History
from pipelines.attack.run import Searching, operators_of, run_searches
from pipelines.attack.searches import Attempts, planned_searches
from pipelines.attack.trials import AttackTrials
from pipelines.attack.workers import Workers
from pipelines.plan import make_plan
from pipelines.prompt_sets import read_prompt_sets
from safesweep.engine.engine import Engine
from safesweep.lake.store import RunStore
from safesweep.measures.profiles import get_profile


class Overhead(NamedTuple):
    """Seconds, all on the same machine and threads."""

    searches: int
    pictures: int
    searching: float
    """From the first attempt to the last, scorers and driver included."""
    forward: float
    """In the network alone, when all pictures are asked for at once."""
    at_once: float
    """The engine's, when all pictures are asked for at once: decoding and encoding included, scorers not."""

    @property
    def ratio(self) -> float:
        """Of the searches' time to the network rows' own."""
        return self.searching / self.forward


@dataclass
class _Noted:
    """A maker that notes what it is asked."""

    maker: AttemptMaker
    rows: list[dict[str, Any]]

    async def make(self, row: dict[str, Any]) -> bytes:
        """As the maker does."""
        self.rows.append(row)
        record = await self.maker.make(row)
        assert record is not None
        return record


def measure_overhead(config: AttackConfig, ask: Callable[..., Any] | None = None) -> Overhead:
    """Runs the adaptive searches of ``config`` in this process, and then their pictures at once.

    ``ask``: the VLM of cells that ask one, as the engine takes it.
    """
    plan = make_plan(config, read_prompt_sets(config), config.expand_cells())
    searches = [one for one in planned_searches(plan, config.attack) if one.strategy == "adaptive"]
    rows: list[dict[str, Any]] = []
    floor = config.attack.fidelity_floor
    with tempfile.TemporaryDirectory() as folder, workers_here(config, plan.cells, ask) as (workers, maker):
        trials = AttackTrials(RunStore(Path(folder), "overhead"), get_profile(config.profile), floor)
        noted = Workers(_Noted(maker, rows), workers.safety, workers.alignment)  # type: ignore[arg-type]
        with operators_of(config) as operators:
            attempts = Attempts(plan.names, trials, noted, History(()))
            console = Console(quiet=True)
            searching = run_searches(Searching(config, searches, attempts, operators, trials, workers, console))
    forward, at_once = _at_once(config, plan.cells, rows, ask)
    return Overhead(len(searches), len(rows), searching, forward, at_once)


def _at_once(
    config: AttackConfig, cells: Sequence[Any], rows: Sequence[dict[str, Any]], ask: Callable[..., Any] | None
) -> tuple[float, float]:
    maker = AttemptMaker(config.diffusion, None, cells, STAMP)
    engine = maker._engine
    assert isinstance(engine, Engine)
    engine._ask = ask

    async def all_of_them() -> None:
        await asyncio.gather(*map(maker.make, rows))

    started = time.monotonic()
    try:
        asyncio.run(all_of_them())
        return engine.counters.forward_seconds, time.monotonic() - started
    finally:
        engine.close()
