"""What a run takes of this machine while it goes on: the processor time of each kind of Ray's processes, and the object store's bytes."""

import os
import re
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple

import psutil

PERIOD_S = 1.0
KINDS = (
    ("diffusion", re.compile(r"ray::.*DiffusionActor")),
    ("scoring", re.compile(r"ray::.*ScoringActor")),
    ("writing", re.compile(r"ray::.*Write")),
    ("other workers", re.compile(r"ray::")),
    ("raylets", re.compile(r"raylet$|gcs_server")),
)
"""How a process's name begins, the first that fits; all else that the driver has started is "agents"."""


class Moment(NamedTuple):
    """A look at the machine."""

    at: float
    """Seconds since 1970."""
    cpu: Counter[str]
    """Processor seconds so far of the kinds of processes that still run."""


class Usage:
    """Moments in their order."""

    def __init__(self) -> None:
        self.moments: list[Moment] = []
        self._known: dict[tuple[int, float], float] = {}
        self._first = 0
        self._cpu: Counter[str] = Counter()

    def look(self) -> None:
        """One more moment."""
        driver = psutil.Process()
        for process in (driver, *driver.children(recursive=True)):
            try:
                kind = "driver" if process.pid == os.getpid() else kind_of(process.name())
                times, key = process.cpu_times(), (process.pid, process.create_time())
            except psutil.Error:  # it has ended since it was listed
                continue
            self._cpu[kind] += times.user + times.system - self._known.get(key, 0.0)
            self._known[key] = times.user + times.system
        self._first = self._first or len(self._known)
        self.moments.append(Moment(time.time(), Counter(self._cpu)))

    @property
    def started(self) -> int:
        """Processes seen that were not there at the first look."""
        return len(self._known) - self._first

    def cores(self, begin: float, end: float) -> dict[str, float]:
        """Processors that each kind kept busy between two times, the most first."""
        inside = [moment for moment in self.moments if begin <= moment.at <= end]
        if len(inside) < 2:
            return {}
        first, last = inside[0], inside[-1]
        busy = {kind: (last.cpu[kind] - first.cpu[kind]) / (last.at - first.at) for kind in last.cpu}
        return {kind: round(cores, 3) for kind, cores in sorted(busy.items(), key=lambda pair: -pair[1])}


def kind_of(name: str) -> str:
    """The kind of a process by its name, which Ray's workers change with what they do."""
    return next((kind for kind, pattern in KINDS if pattern.match(name)), "agents")


@contextmanager
def watched() -> Iterator[Usage]:
    """Looks every ``PERIOD_S`` while the block runs."""
    usage, stop = Usage(), threading.Event()

    def again_and_again() -> None:
        usage.look()
        while not stop.wait(PERIOD_S):
            usage.look()

    thread = threading.Thread(target=again_and_again, name="usage", daemon=True)
    thread.start()
    try:
        yield usage
    finally:
        stop.set()
        thread.join()


def store_bytes(address: str) -> dict[str, int]:
    """Of a cluster's object stores together: bytes ever ``created``, and ``spilled`` to disk."""
    from ray._private.internal_api import get_memory_info_reply, get_state_from_address

    stats: Any = get_memory_info_reply(get_state_from_address(address)).store_stats
    return {"created": stats.cumulative_created_bytes, "spilled": stats.spilled_bytes_total}
