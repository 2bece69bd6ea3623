"""Joins or starts a Ray cluster, with the settings without which a run can fail or hang."""

import logging
import os
import secrets
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from types import FrameType
from typing import Any, NamedTuple

from pipelines.cluster_address import Named, named_cluster, running_here
from safesweep.errors import InputError
from safesweep.exit_codes import ExitCode
from safesweep.files import ROOT

LOCAL_CPUS = 8
"""Logical CPUs of a local cluster on a small machine: every stage must find a slot, or the pipeline waits for ever."""


@contextmanager
def cluster(address: str | None = None, say: Callable[[str], object] | None = None) -> Iterator[None]:
    """A connection to the cluster that ``address`` or ``RAY_ADDRESS`` names (as in a submitted job), else a local one for the block's time.

    The local one lets nobody in without a token that is made for it; where ``ray start`` has started another on this machine it is
    left alone, and ``say`` is told so. Raises ``InputError`` as ``named_cluster``, and when the named one cannot be joined.
    """
    logging.getLogger("ray.data").setLevel(logging.ERROR)
    logging.getLogger("ray.serve").setLevel(logging.ERROR)
    named = named_cluster(address)
    with _joined(named) if named is not None else _own(say):
        yield


@contextmanager
def _joined(named: Named) -> Iterator[None]:
    import ray

    try:
        ray.init(named.address, log_to_driver=False, logging_level=logging.ERROR)
    except (ConnectionError, RuntimeError) as error:
        raise InputError(f"{named.by}: the cluster at {named.address} cannot be joined: {error}") from error
    _let_sigterm_clean_up()
    try:
        yield
    finally:
        _leave()


@contextmanager
def _own(say: Callable[[str], object] | None) -> Iterator[None]:
    # workers import this code from where the driver did
    paths = [str(ROOT), *filter(None, [os.environ.get("PYTHONPATH")])]
    variables = {
        "PYTHONPATH": os.pathsep.join(dict.fromkeys(paths)),
        "RAY_AUTH_MODE": "token",
        # Ray listens on all interfaces: without it any process that reaches this machine could run code here
        "RAY_AUTH_TOKEN": secrets.token_hex(32),
    }
    with ray_variables(variables):
        import ray

        if say is not None and (other := running_here()):
            say(
                f"cluster   the one at {other}, which `ray start` started on this machine, is not used: this job starts its own; "
                "--address auto joins it"
            )
        ray.init(
            "local",
            num_cpus=max(LOCAL_CPUS, os.cpu_count() or 1),
            include_dashboard=False,
            log_to_driver=False,
            logging_level=logging.ERROR,
            object_store_memory=512 * 2**20,
        )
        _let_sigterm_clean_up()
        try:
            yield
        finally:
            _leave()


def _leave() -> None:
    """Leaves the cluster for good.

    A Serve handle of a pool that grows goes on to report its queue from a thread of its own, now and then even after it is shut down, and
    Ray answers a call without a cluster by starting one.
    """
    import ray
    from ray._private import auto_init_hook

    auto_init_hook.enable_auto_connect = False
    logging.getLogger("ray.serve").setLevel(logging.CRITICAL)
    ray.shutdown()


def _let_sigterm_clean_up() -> None:
    """SIGTERM ends the main thread by way of its ``finally`` blocks, in the time that they take.

    The handler that Ray sets when it connects does the same, but has the process aborted after three seconds, in the middle of them.
    """

    def end(number: int, frame: FrameType | None) -> None:
        sys.exit(int(ExitCode.TERMINATED))

    if threading.current_thread() is threading.main_thread():
        signal.signal(signal.SIGTERM, end)


@contextmanager
def ray_variables(variables: Mapping[str, str]) -> Iterator[None]:
    """Sets ``variables`` for this process and those that it starts, for the block's time; Ray reads its own of them anew."""
    before = {name: os.environ.get(name) for name in variables}
    os.environ.update(variables)
    _read_again()
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value
        _read_again()


def _read_again() -> None:
    """A process that has used Ray before remembers mode and token: a cluster with another token would turn it away for ever."""
    from ray import _raylet

    compiled: Any = _raylet  # its stub leaves out what is used here
    compiled.Config.initialize("")
    compiled.AuthenticationTokenLoader.instance().reset_cache()


class Demand(NamedTuple):
    """Workers of one kind that a run must find a place for."""

    stage: str
    workers: int
    resources: Mapping[str, float]
    """CPU and GPU of one worker."""
    labels: Mapping[str, str] = {}
    """Its label selector."""


def shortage(demands: Sequence[Demand], nodes: Sequence[Mapping[str, Any]]) -> str | None:
    """What the live ``nodes`` (as ``ray.nodes()`` gives them) lack in sum, of all and of those that a selector picks; ``None``: nothing.

    Selectors with operators ("!…", "in(…)") are not looked into.
    """
    alive = [node for node in nodes if node["Alive"]]
    groups: dict[tuple[tuple[str, str], ...], list[Demand]] = {(): list(demands)}
    for demand in demands:
        if demand.labels and not any(value.startswith("!") or "(" in value for value in demand.labels.values()):
            groups.setdefault(tuple(sorted(demand.labels.items())), []).append(demand)
    for selector, members in groups.items():
        picked = [node for node in alive if dict(selector).items() <= node.get("Labels", {}).items()]
        for kind in ("CPU", "GPU"):
            needed = sum(demand.workers * demand.resources.get(kind, 0) for demand in members)
            there = sum(node["Resources"].get(kind, 0) for node in picked)
            if needed > there:
                where = (
                    f" on nodes labelled {', '.join(f'{key}={value}' for key, value in selector)}" if selector else ""
                )
                return f"{needed:g} {kind}{where}, the cluster has {there:g}"
    return None


def require_nodes(demands: Sequence[Demand], wait_s: float) -> None:
    """Returns when the cluster can hold ``demands``; asks its autoscaler, if it has one, for what is missing.

    Raises ``InputError`` when after ``wait_s`` seconds it still cannot: such a run could only wait for ever.
    """
    import ray
    from ray.autoscaler.sdk import request_resources

    deadline = time.monotonic() + wait_s
    lacking = shortage(demands, ray.nodes())
    if lacking and wait_s:
        each = [demand for demand in demands for _ in range(demand.workers) if any(demand.resources.values())]
        request_resources(
            bundles=[{kind: amount for kind, amount in worker.resources.items() if amount} for worker in each],
            bundle_label_selectors=[dict(worker.labels) for worker in each],
        )
        while lacking and time.monotonic() < deadline:
            time.sleep(min(5.0, wait_s / 10))
            lacking = shortage(demands, ray.nodes())
        # from here on the workers themselves hold the nodes
        request_resources(bundles=[])
    if lacking:
        stages = ", ".join(dict.fromkeys(demand.stage for demand in demands))
        raise InputError(
            f"the run needs {lacking}; lower actors, replicas, num_cpus or num_gpus of {stages}, start a larger cluster, "
            "or give a growing one time with wait_for_nodes_s"
        )
