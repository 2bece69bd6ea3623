"""VLM pools start while the diffusion actors load their model; these take their first prompt when every pool has answered a question."""

import asyncio
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any

from ray.serve.exceptions import RayServeException

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


class _Starting:
    def __init__(
        self,
        wanted: Sequence[VlmSettings],
        asked: Sequence[Interview],
        scope: str,
        collector: "ActorHandle[Any]",
        then: Callable[[], None],
    ) -> None:
        self._wanted, self._asked, self._scope, self._then = wanted, asked, scope, then
        self._collector = collector
        self._ended, self._opened = threading.Event(), False
        self.failed: BaseException | None = None
        self.thread = threading.Thread(target=self._run, name="start pools")

    def end(self) -> None:
        """The block has ended, or failed."""
        self._ended.set()
        if not self._opened:
            # what waits for the replicas is told that they will not come
            for settings in self._wanted:
                if settings.pool is not None:
                    with suppress(RayServeException):
                        vlm.delete(settings.pool, self._scope)
        self.thread.join()

    def _run(self) -> None:
        import ray

        try:
            with vlm.pools(self._wanted, self._scope):
                if not self._ended.is_set():
                    vlm.interview_pools(self._asked, self._scope)
                    self._then()
                    self._opened = True
                    self._collector.open.remote(True)
                    # a collector that died and was started again has to be told once more
                    while not self._ended.wait(TELL_S):
                        self._collector.open.remote(True)
        except BaseException as error:  # it is raised where the block ends
            self.failed = None if self._ended.is_set() and not self._opened else error
            if not self._opened:
                ray.get(self._collector.open.remote(False))


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
