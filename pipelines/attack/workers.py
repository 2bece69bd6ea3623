"""The actors of an attack as the driver's searches see them: started once, kept busy, and asked in batches."""

import asyncio
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, NamedTuple

from actors.attempts import AttemptMaker, AttemptScorer, Scoring
from actors.settings import StageSettings
from pipelines.attack.config import AttackConfig
from safesweep.errors import InputError
from safesweep.guidance.cell import Cell

MOST_CALLS = 4096
"""Attempts that one diffusion actor is given at a time."""
ALWAYS: Mapping[str, Any] = {"max_restarts": -1, "max_task_retries": -1}
"""An actor that dies is started again, and what it had is asked of it again: equal rows give equal pictures."""


NO_POOL = "vlm: no pool answers; the attack cannot go on"
SPENT = "diffusion.images_api: the budget is used up; what was made is in the lake, and the same run goes on with a larger one"


class Makers:
    """The diffusion actors; each attempt goes to the one that has the fewest."""

    def __init__(self, actors: Sequence[Any], why_none: str = NO_POOL) -> None:
        """``why_none``: what it means that an actor gives no trial."""
        self._actors, self._why_none = list(actors), why_none
        self._has = [0] * len(actors)

    async def make(self, row: dict[str, Any]) -> bytes:
        """A trial's record, not scored. Raises ``InputError`` where the run cannot go on."""
        place = self._has.index(min(self._has))
        self._has[place] += 1
        try:
            record: bytes | None = await self._actors[place].make.remote(row)
        finally:
            self._has[place] -= 1
        if record is None:
            raise InputError(self._why_none)
        return record


class Scorers:
    """A pool of scoring actors; what came while they were busy is their next batch."""

    def __init__(self, actors: Sequence[Any], batch: int, fidelity: str | None, alone: bool = False) -> None:
        """``batch``, ``fidelity`` and ``alone``: as the actors are asked, see ``AttemptScorer.score``."""
        self._actors, self._batch, self._fidelity, self._alone = list(actors), batch, fidelity, alone
        self._waiting: asyncio.Queue[tuple[Scoring, asyncio.Future[tuple[bytes, float | None]]]] = asyncio.Queue()
        self._loops: list[asyncio.Task[None]] = []

    async def score(self, asked: Scoring) -> tuple[bytes, float | None]:
        """The record with this pool's evidence, and its fidelity where a target is named."""
        if not self._loops:
            self._loops = [asyncio.create_task(self._serve(actor)) for actor in self._actors]
        answer: asyncio.Future[tuple[bytes, float | None]] = asyncio.get_running_loop().create_future()
        self._waiting.put_nowait((asked, answer))
        return await answer

    def close(self) -> None:
        """Ends its tasks."""
        for loop in self._loops:
            loop.cancel()

    async def _serve(self, actor: Any) -> None:
        while True:
            batch = [await self._waiting.get()]
            while len(batch) < self._batch and not self._waiting.empty():
                batch.append(self._waiting.get_nowait())
            try:
                found = await actor.score.remote([asked for asked, _ in batch], self._fidelity, self._alone)
            except Exception as error:  # it is raised where the answers are awaited
                for _, answer in batch:
                    if not answer.done():
                        answer.set_exception(error)
                continue
            for (_, answer), one in zip(batch, found, strict=True):
                if not answer.done():
                    answer.set_result(one)


class Workers(NamedTuple):
    """All of them."""

    makers: Makers
    safety: Scorers
    alignment: Scorers


@contextmanager
def workers(
    config: AttackConfig,
    cells: Sequence[Cell],
    asks: bool,
    stamp: dict[str, Any],
    scope: str,
    trace_folder: str | None = None,
) -> Iterator[Workers]:
    """Actors for the block's time; none is started anew between generations."""
    import ray

    started: list[Any] = []

    def start(kind: Callable[..., Any], stage: Any, arguments: tuple[Any, ...], calls: int | None = None) -> Any:
        options = {
            "num_cpus": stage.num_cpus,
            "num_gpus": stage.num_gpus or None,
            "label_selector": stage.label_selector or None,
            "max_concurrency": calls,
            **ALWAYS,
        }
        given = {name: value for name, value in options.items() if value is not None}
        started.append(ray.remote(kind).options(**given).remote(*arguments))
        return started[-1]

    def pool(stage: StageSettings, fidelity: str | None) -> Scorers:
        own = [start(AttemptScorer, stage, (stage.scorers, stage.threads, scope)) for _ in range(stage.actors)]
        return Scorers(own, stage.batch_size, fidelity, config.diffusion.reproducible)

    given = (config.diffusion, config.vlm if asks else None, cells, stamp, trace_folder, scope)
    fidelity = config.attack.fidelity if config.attack.measures_fidelity else None
    makers = [start(AttemptMaker, config.diffusion, given, MOST_CALLS) for _ in range(config.diffusion.actors)]
    why_none = NO_POOL if config.diffusion.service is None else SPENT
    try:
        yield Workers(Makers(makers, why_none), pool(config.safety, None), pool(config.alignment, fidelity))
    finally:
        for actor in started:
            ray.kill(actor)
