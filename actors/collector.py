"""What a run's workers and its driver tell one another: notices, where engines stand, and when workers may begin."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, cast

if TYPE_CHECKING:
    from ray.actor import ActorHandle

NAMESPACE = "safesweep"


class Collector:
    """Keeps each different notice of a run, in the order in which they came, and each engine's last status; an actor of Ray's."""

    def __init__(self) -> None:
        self._kept: dict[str, None] = {}
        self._taken = 0
        self._engines: dict[str, Mapping[str, float]] = {}
        self._opened: bool | None = None

    def open(self, ready: bool) -> None:
        """Whether workers may begin; False: they never shall."""
        self._opened = ready

    def opened(self) -> bool | None:
        """What ``open`` was last told; None: nothing yet."""
        return self._opened

    def add(self, stage: str, text: str) -> None:
        """What a worker of ``stage`` heard."""
        self._kept.setdefault(f"{stage}: {text}")

    def take(self) -> list[str]:
        """Notices that nobody has taken yet."""
        new = list(self._kept)[self._taken :]
        self._taken += len(new)
        return new

    def report(self, worker: str, status: Mapping[str, float]) -> None:
        """Where the engine of ``worker`` stands; it replaces what that worker said before."""
        self._engines[worker] = status

    def engines(self) -> list[Mapping[str, float]]:
        """The last status of each worker's engine, also of one that has ended."""
        return list(self._engines.values())


@contextmanager
def collecting(scope: str) -> "Iterator[ActorHandle[Any]]":
    """In the driver, for the block's time: the collector of ``scope``, which names one start of one run.

    It lives where the driver does, for another node may go; one that is killed is started again and knows only what it is told then.
    """
    import ray
    from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy

    here = NodeAffinitySchedulingStrategy(ray.get_runtime_context().get_node_id(), soft=False)
    options: dict[str, Any] = {
        "name": _name(scope),
        "namespace": NAMESPACE,
        "max_restarts": -1,
        "scheduling_strategy": here,
    }
    started = ray.remote(num_cpus=0)(Collector).options(**options).remote()
    # Ray's types cannot say that what it makes of a class is no class any more
    collector = cast("ActorHandle[Any]", started)
    ray.get(collector.__ray_ready__.remote())
    try:
        yield collector
    finally:
        ray.kill(collector)


def collector_of(scope: str) -> "ActorHandle[Any] | None":
    """In a worker: the collector of ``scope``; None outside a run."""
    import ray

    if not scope or not ray.is_initialized():
        return None
    try:
        found: ActorHandle[Any] = ray.get_actor(_name(scope), namespace=NAMESPACE)
    except ValueError:
        return None
    return found


def _name(scope: str) -> str:
    return f"collector-{scope}"
