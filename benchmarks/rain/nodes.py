"""A cluster of several nodes on this machine, the benchmark's own: who works on it, and nodes that go and come back.

Its processes are found as children of its own raylets and as nothing else, so that other clusters of the machine are left alone.
"""

import logging
import os
import signal
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

import psutil

log = logging.getLogger(__name__)
TITLES = {
    "diffusion_actor": "DiffusionActor",
    "scorer": "ScoringActor",
    "vlm_replica": "VlmReplica",
    "serve_controller": "ServeController",
    "collector": "Collector",
    "write_task": "ray::Write",
}
"""Kind of worker -> what the title of its process has, as Ray sets it."""
OF_A_RUN = ("diffusion_actor", "scorer", "vlm_replica", "collector", "write_task")
"""Those that must be gone when a run has ended; Serve's controller is the cluster's."""
SPOT, STEADY = {"role": "spot"}, {"role": "steady"}
"""Labels of nodes that may go, and of the one that stays."""
STORE = 120 * 2**20
"""Bytes of a node's object store."""
STARTS = 4
"""Times that a node is started before the benchmark fails."""
GRACE_S = 3.0
"""Between the notice that a node goes and its end."""


class Nodes:
    """A head, as many ``steady`` nodes, and ``spots`` that may go. ``folder`` is short: sockets' paths may have 107 characters."""

    def __init__(self, folder: Path, steady: int = 1, spots: int = 2) -> None:
        from ray.cluster_utils import Cluster

        head = {"num_cpus": 4, "include_dashboard": False, "labels": {"role": "head"}, "object_store_memory": STORE}
        self._cluster = _patiently(
            lambda: Cluster(initialize_head=True, head_node_args={**head, "temp_dir": str(folder)})
        )
        self.address: str = self._cluster.address
        self._steady = [self._add(STEADY) for _ in range(steady)]
        self.spots = [self._add(SPOT) for _ in range(spots)]

    def _add(self, labels: Mapping[str, str]) -> Any:
        options = {"num_cpus": 2, "labels": dict(labels), "object_store_memory": STORE}
        return _patiently(lambda: self._cluster.add_node(**options))

    def workers(self, kind: str, spot: int | None = None) -> list[psutil.Process]:
        """The living workers of a kind, by process id; of one spot node alone where ``spot`` is its place."""
        nodes = self._all() if spot is None else [self.spots[spot]]
        found = [one for node in nodes for one in _children(node) if is_a(kind, one)]
        return sorted(found, key=lambda one: one.pid)

    def processes(self) -> list[psutil.Process]:
        """Everything that the nodes' raylets have started, whatever it does just now."""
        return [one for node in self._all() for one in _children(node)]

    def _all(self) -> list[Any]:
        return [self._cluster.head_node, *self._steady, *self.spots]

    def lose(self, place: int) -> None:
        """A spot node is gone at once with all that runs on it."""
        node = self.spots.pop(place)
        for one in _children(node):
            with suppress(psutil.NoSuchProcess):
                one.kill()
        self._cluster.remove_node(node, allow_graceful=False)

    def announce(self, place: int) -> None:
        """A spot node is told to go, as an autoscaler or ``ray start``'s SIGTERM tells it: Ray drains it from now on."""
        from ray import _raylet
        from ray.core.generated.autoscaler_pb2 import DrainNodeReason

        deadline = int((time.time() + GRACE_S) * 1000)
        reason = DrainNodeReason.Value("DRAIN_NODE_REASON_PREEMPTION")
        compiled: Any = _raylet  # its stub leaves out what is used here
        compiled.GcsClient(address=self.address).drain_node(self.spots[place].node_id, reason, "spot", deadline)

    def terminate(self, place: int) -> None:
        """A spot node's raylet gets SIGTERM and ends, and with it its workers."""
        self._cluster.remove_node(self.spots.pop(place), allow_graceful=True)

    def give_back(self) -> None:
        """A fresh spot node joins. Only the main thread may call it: Ray sets a handler of signals."""
        self.spots.append(self._add(SPOT))

    def mend(self) -> int:
        """Puts fresh nodes in the place of those that ended without being told to, as on a machine that is too busy; returns how many."""
        mended = 0
        for nodes, labels in ((self._steady, STEADY), (self.spots, SPOT)):
            for place, node in enumerate(nodes):
                if not _lives(node):
                    self._cluster.remove_node(node, allow_graceful=False)
                    nodes[place] = self._add(labels)
                    mended += 1
        return mended

    def close(self) -> list[psutil.Process]:
        """Ends the cluster; returns what of it still lives after that."""
        before: list[psutil.Process] = [one for node in self._all() for one in _children(node)]
        self._cluster.shutdown()
        alive: list[psutil.Process] = psutil.wait_procs(before, timeout=30)[1]
        for one in alive:
            with suppress(psutil.NoSuchProcess):
                one.kill()
        return alive


def _patiently(start: Callable[[], Any]) -> Any:
    """Starts part of a cluster; on a busy machine Ray's own processes may not come up in the time that it gives them."""
    for _ in range(STARTS - 1):
        try:
            return start()
        except Exception as error:  # Ray raises this very class
            log.warning("a node did not start: %s", error)
    return start()


def _lives(node: Any) -> bool:
    return bool(node.all_processes["raylet"][0].process.poll() is None) if "raylet" in node.all_processes else False


def _children(node: Any) -> list[psutil.Process]:
    with suppress(psutil.NoSuchProcess, KeyError):
        raylet = psutil.Process(node.all_processes["raylet"][0].process.pid)
        return list(raylet.children(recursive=True))
    return []


def is_a(kind: str, process: psutil.Process) -> bool:
    """Whether a process works as a kind of `TITLES` at this moment."""
    return TITLES[kind] in _title(process)


def _title(process: psutil.Process) -> str:
    try:
        return str(process.name()) if process.status() != psutil.STATUS_ZOMBIE else ""
    except psutil.Error:
        return ""


def kill(process: psutil.Process) -> bool:
    """SIGKILL; false: it had ended already."""
    try:
        os.kill(process.pid, signal.SIGKILL)
    except ProcessLookupError:
        return False
    return True
