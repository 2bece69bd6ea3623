"""A diffusion actor whose node is told to go hands back what it has in flight at once, neither finishing it nor losing it with the node.

Ray marks a node as draining when it is told to go: by the autoscaler for a spot notice, by ``ray drain-node``, by SIGTERM to
``ray start --block``. Its workers are told nothing and are killed at the end of the grace (SIGTERM to the raylet alone kills them at
once). Ray Data gives draining nodes no new blocks, but what an actor has begun is bound to it. An actor that exits is started again on
another node, and its blocks with it: that is how rows are handed back. An exception could not: Ray retries it on the same actor.
"""

import os
import threading
import time
from collections.abc import Callable, Collection
from typing import TYPE_CHECKING, Any

from actors.collector import collector_of
from safesweep.engine.status import EngineStatus

if TYPE_CHECKING:
    from ray.actor import ActorHandle

PERIOD_S = 1.0
"""Between two looks at whether the node goes."""
TELL_S = 2.0
"""Waited at most until the driver has heard of it."""
EXIT_CODE = 75
"""EX_TEMPFAIL: try again, elsewhere."""


def leave_with_node(status: Callable[[], EngineStatus | None], scope: str) -> None:
    """In a worker of a run: from now on, ends the process as soon as its node is told to go. Outside a run nothing happens.

    ``status``: where its engine stands; None while there is none yet.
    """
    import ray

    if not scope or not ray.is_initialized():
        return
    node = ray.get_runtime_context().get_node_id()

    def tell() -> None:
        if (collector := collector_of(scope)) is not None:
            _tell(collector, handed_back(node, status()))

    threading.Thread(target=watch_node, args=(node, draining, tell), name="leaving", daemon=True).start()


def draining() -> Collection[str]:
    """Hexadecimal ids of the nodes that are told to go."""
    # Ray Data's own way of knowing: there is no public one in a worker
    from ray._private.state import state

    found: dict[str, int] = state.get_draining_nodes()
    return found


def watch_node(
    node: str,
    going: Callable[[], Collection[str]],
    tell: Callable[[], None],
    leave: Callable[[int], object] = os._exit,
    period_s: float = PERIOD_S,
) -> None:
    """Looks every ``period_s`` seconds; when ``node`` is among those ``going``, calls ``tell`` and then ``leave`` with the exit code."""
    from ray.exceptions import RayError

    while True:
        try:
            told = node in going()
        except (RayError, RuntimeError):  # the head is out of reach for a moment
            told = False
        if told:
            try:
                tell()
            finally:
                leave(EXIT_CODE)
            return
        time.sleep(period_s)


def handed_back(node: str, status: EngineStatus | None) -> str:
    """For people: what a worker that leaves gives back."""
    if status is None:
        return f"node {node[:8]} is told to go while the model is being loaded"
    return (
        f"node {node[:8]} is told to go: {status.in_flight} trajectories and {status.waiting} prompts that wait are handed back, "
        f"{status.steps_in_flight} steps will be made again"
    )


def _tell(collector: "ActorHandle[Any]", text: str) -> None:
    import ray
    from ray.exceptions import RayError

    try:
        ray.get(collector.add.remote("diffusion", text), timeout=TELL_S)
    except RayError:  # what is said is lost, the work is not
        return
