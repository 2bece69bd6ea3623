"""Where an engine stands, told every few seconds: to the run's collector, whose driver shows it, and as Ray's metrics to Prometheus."""

import threading
import time
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from actors.collector import collector_of
from safesweep.engine.status import EngineStatus

if TYPE_CHECKING:
    from ray.actor import ActorHandle

PERIOD_S = 2.0
TAGS = ("run_id", "worker")
COUNTERS = {
    "safesweep_steps_total": ("steps", "Solver steps, each counted once a trial"),
    "safesweep_trials_total": ("trials", "Trials ended"),
    "safesweep_failed_total": ("failed", "Trials that could not be made"),
    "safesweep_refused_total": ("refused", "Trials that a service under test refused to draw"),
    "safesweep_requests_total": ("requests", "Requests to a service under test"),
    "safesweep_money_total": ("money", "Money that a service's pictures cost"),
    "safesweep_rows_total": ("rows", "Rows of the network"),
    "safesweep_rows_padded_total": ("rows_padded", "Rows that only filled up a batch"),
    "safesweep_rows_supposed_total": ("rows_supposed", "Rows computed under supposed answers"),
    "safesweep_rows_in_vain_total": ("rows_in_vain", "Rows computed under supposed answers that turned out wrong"),
    "safesweep_questions_total": ("questions", "Questions to the VLM"),
    "safesweep_questions_supposed_total": ("questions_supposed", "Questions sent under supposed answers"),
    "safesweep_questions_confirmed_total": ("questions_confirmed", "Questions whose supposed answers turned out right"),
    "safesweep_checkpoints_loaded_total": ("checkpoints_loaded", "Times that a checkpoint's model was made"),
    "safesweep_forward_seconds_total": ("forward_seconds", "Seconds in the network"),
    "safesweep_engine_seconds_total": ("seconds", "Seconds of the engine"),
}
"""Metric -> field of `EngineStatus`, and what it is. Prometheus has them with ``ray_`` before the name."""
GAUGES = {
    "safesweep_in_flight": ("in_flight", "Trajectories in flight"),
    "safesweep_parked": ("parked", "Trajectories that await an answer of the VLM"),
    "safesweep_waiting": ("waiting", "Requests that are not begun yet"),
    "safesweep_steps_in_flight": ("steps_in_flight", "Solver steps of trials under way, which a kill would lose"),
}
"""The same of levels."""


class Metrics:
    """An engine's metrics in Ray; ``tags`` are `TAGS`' values."""

    def __init__(self, tags: Mapping[str, str]) -> None:
        from ray.util.metrics import Counter, Gauge

        self._counters: dict[str, Counter] = {
            field: Counter(name, description=what, tag_keys=TAGS) for name, (field, what) in COUNTERS.items()
        }
        self._gauges: dict[str, Gauge] = {
            field: Gauge(name, description=what, tag_keys=TAGS) for name, (field, what) in GAUGES.items()
        }
        for metric in (*self._counters.values(), *self._gauges.values()):
            metric.set_default_tags(dict(tags))
        self._told: dict[str, float] = {}

    def publish(self, status: Mapping[str, float]) -> None:
        """Counts go up by what is new since the last call."""
        for field, counter in self._counters.items():
            new = status[field] - self._told.get(field, 0.0)
            if new > 0:
                counter.inc(new)
        for field, gauge in self._gauges.items():
            gauge.set(status[field])
        self._told = dict(status)


def report_engine(status: Callable[[], EngineStatus], run_id: str, scope: str) -> Callable[[], None]:
    """In a worker: tells from now on, until the process ends, where its engine stands; what it returns tells it at once, too.

    Outside a run nothing is told.
    """
    collector = collector_of(scope)
    if collector is None:
        return lambda: None
    import ray

    worker = ray.get_runtime_context().get_worker_id()
    metrics = Metrics({"run_id": run_id, "worker": worker[:12]})
    threading.Thread(
        target=_tell, args=(status, collector, worker, metrics), name="engine-reports", daemon=True
    ).start()
    return lambda: collector.report.remote(worker, status().as_dict())


def _tell(status: Callable[[], EngineStatus], collector: "ActorHandle[Any]", worker: str, metrics: Metrics) -> None:
    while True:
        now = status().as_dict()
        collector.report.remote(worker, now)
        metrics.publish(now)
        time.sleep(PERIOD_S)


def spent_before(scope: str) -> tuple[int, float]:
    """In a worker: requests and money that workers before it have told of in this start of the run."""
    collector = collector_of(scope)
    if collector is None:
        return 0, 0.0
    told = engines_of(collector)
    return int(sum(one["requests"] for one in told)), sum(one["money"] for one in told)


def engines_of(collector: "ActorHandle[Any]") -> list[Mapping[str, float]]:
    """In the driver: the last status of each engine; none where the collector is gone."""
    import ray
    from ray.exceptions import RayError

    try:
        found: list[Mapping[str, float]] = ray.get(collector.engines.remote())
    except RayError:  # what it had is lost, the run is not
        return []
    return found
