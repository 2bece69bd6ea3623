"""Warnings of libraries inside workers reach the run's log: each worker tells them to one collector, which the driver asks."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from typing import TYPE_CHECKING, Any, cast

from safesweep.libraries import hear_libraries

if TYPE_CHECKING:
    from ray.actor import ActorHandle

NAMESPACE = "safesweep"
PERIOD_S = 2.0
"""Between two looks of the driver."""


class Collector:
    """Keeps each different notice of a run, in the order in which they came; an actor of Ray's."""

    def __init__(self) -> None:
        self._kept: dict[str, None] = {}
        self._taken = 0

    def add(self, stage: str, text: str) -> None:
        """What a worker of ``stage`` heard."""
        self._kept.setdefault(f"{stage}: {text}")

    def take(self) -> list[str]:
        """Those that nobody has taken yet."""
        new = list(self._kept)[self._taken :]
        self._taken += len(new)
        return new


@cache
def listen(stage: str, scope: str) -> None:
    """In a worker: what its libraries warn of goes to the collector of ``scope``, from now until the process ends.

    Without a collector, as outside a run, nothing changes.
    """
    import ray

    if not scope or not ray.is_initialized():
        return
    try:
        collector = ray.get_actor(_name(scope), namespace=NAMESPACE)
    except ValueError:
        return
    hear_libraries(lambda text: collector.add.remote(stage, text))


@contextmanager
def notices(scope: str, say: Callable[[str], object]) -> Iterator[list[str]]:
    """In the driver, for the block's time: the collector of ``scope``; each notice is said once, and stands in the list.

    ``scope`` names one start of one run.
    """
    import ray
    from ray.exceptions import RayError

    started = ray.remote(num_cpus=0)(Collector).options(name=_name(scope), namespace=NAMESPACE).remote()
    # Ray's types cannot say that what it makes of a class is no class any more
    collector = cast("ActorHandle[Any]", started)
    ray.get(collector.__ray_ready__.remote())
    found: list[str] = []
    stop = threading.Event()

    def look() -> None:
        try:
            new = ray.get(collector.take.remote())
        except RayError:  # the collector is gone, and what it had; the run is not
            return
        for text in new:
            found.append(text)
            say(f"warning   {text}")

    def look_again_and_again() -> None:
        while not stop.wait(PERIOD_S):
            look()

    thread = threading.Thread(target=look_again_and_again, name="notices", daemon=True)
    thread.start()
    try:
        yield found
    finally:
        stop.set()
        thread.join()
        look()
        ray.kill(collector)


def _name(scope: str) -> str:
    return f"notices-{scope}"
