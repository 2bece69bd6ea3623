"""Warnings of libraries inside workers reach the run's log: each worker tells them to the run's collector, which the driver asks."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from typing import TYPE_CHECKING, Any

from actors.collector import collector_of
from safesweep.libraries import hear_libraries

if TYPE_CHECKING:
    from ray.actor import ActorHandle

PERIOD_S = 2.0
"""Between two looks of the driver."""


@cache
def listen(stage: str, scope: str) -> None:
    """In a worker: what its libraries warn of goes to the collector of ``scope``, from now until the process ends.

    Without a collector, as outside a run, nothing changes.
    """
    collector = collector_of(scope)
    if collector is not None:
        hear_libraries(lambda text: collector.add.remote(stage, text))


@contextmanager
def notices(collector: "ActorHandle[Any]", say: Callable[[str], object]) -> Iterator[list[str]]:
    """In the driver, for the block's time: each notice that the ``collector`` has is said once, and stands in the list."""
    import ray
    from ray.exceptions import RayError

    found: list[str] = []
    stop = threading.Event()

    def look() -> None:
        try:
            new: list[str] = ray.get(collector.take.remote())
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
