"""VLM pools start while the diffusion actors load their model; these take their first prompt when every pool has answered a question."""

import asyncio
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from actors import vlm
from actors.collector import collector_of
from safesweep.vlm.base import VlmSettings
from safesweep.vlm.preflight import Interview

if TYPE_CHECKING:
    from ray.actor import ActorHandle

PERIOD_S = 0.2
"""Between two looks of a worker that waits."""
TELL_S = 2.0
"""Between two times that the collector is told."""


@contextmanager
def pools_starting(
    wanted: Sequence[VlmSettings],
    asked: Sequence[Interview],
    scope: str,
    collector: "ActorHandle[Any]",
    then: Callable[[], None],
) -> Iterator[None]:
    """In the driver, while the block runs: the pools that ``wanted`` need start under ``scope``, answer what is ``asked`` of them, and
    ``then`` is called, before any worker takes a prompt; removed at the end.

    Raises what came of it, ``InputError`` where a pool cannot be started or gives no answer, also where the block failed after that.
    """
    starting = _Starting(wanted, asked, scope, collector, then)
    starting.thread.start()
    try:
        yield
    finally:
        starting.end()
        if starting.failed is not None:
            raise starting.failed


@dataclass
class _Starting:
    """The arguments of ``pools_starting``, and how far it is."""

    wanted: Sequence[VlmSettings]
    asked: Sequence[Interview]
    scope: str
    collector: "ActorHandle[Any]"
    then: Callable[[], None]
    failed: BaseException | None = None
    opened: bool = False
    ended: threading.Event = field(default_factory=threading.Event)

    def __post_init__(self) -> None:
        self.thread = threading.Thread(target=self._run, name="start pools")

    def end(self) -> None:
        """The block has ended, or failed."""
        self.ended.set()
        if not self.opened:
            vlm.stop_starting(self.scope)
        self.thread.join()

    def _run(self) -> None:
        import ray

        try:
            with vlm.pools(self.wanted, self.scope):
                if not self.ended.is_set():
                    vlm.interview_pools(self.asked, self.scope)
                    self.then()
                    self.opened = True
                    self.collector.open.remote(True)
                    # a collector that died and was started again has to be told once more
                    while not self.ended.wait(TELL_S):
                        self.collector.open.remote(True)
        except BaseException as error:  # it is raised where the block ends
            self.failed = None if self.ended.is_set() and not self.opened else error
            if not self.opened:
                ray.get(self.collector.open.remote(False))


async def may_begin(scope: str) -> bool:
    """In a worker: waits until the pools of ``scope`` have answered; False where they have not, and the run ends without a trial."""
    from ray.exceptions import RayError

    collector = await asyncio.to_thread(collector_of, scope)
    while collector is not None:
        try:
            opened: bool | None = await collector.opened.remote()
        except RayError:  # it is being started again
            opened = None
        if opened is not None:
            return opened
        await asyncio.sleep(PERIOD_S)
    return True
