"""A lease on a place that one process at a time may write: who does now, kept fresh while he does, and left to others once he is dead."""

import _thread
import json
import os
import socket
import threading
import time
import uuid
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import NamedTuple

from safesweep.errors import InputError
from safesweep.files import on_store, write_json
from safesweep.lake import exclusive
from safesweep.lake.layout import lease_path
from safesweep.lake.stores import failures

HEARTBEAT_S, EXPIRY_S = 10.0, 60.0
"""A holder shows life so often; one that has shown none for so long is dead. Clocks of hosts that share a lake differ by less."""
LOOK_EVERY_S = 1.0


class LeaseLostError(RuntimeError):
    """Another process has taken the place, since this one had shown no life for too long."""


class Place(NamedTuple):
    """What one process at a time may write."""

    file: Path
    """The lease's."""
    option: str
    """What names the place on the command line."""
    what: str
    """For people: "run 'night-1'"."""
    folder: Path
    """Where it is, for people."""


def run_place(lake: str | Path, run_id: str) -> Place:
    """A run's place in a lake."""
    file = lease_path(lake, run_id)
    return Place(file, "run_id", f"run {run_id!r}", file.parents[1])


class Holder(NamedTuple):
    """Who holds a lease, as its file says."""

    holder: str
    """A random name, a new one each time that a lease is taken."""
    host: str
    machine: str
    """Host, its present boot and the space of its process ids: within one, a process that is not there is dead."""
    pid: int
    process: str
    """When the process started, in ticks since boot: a process id is given out again."""
    heartbeat: float
    """Of its last sign of life, seconds since 1970."""
    after: Sequence[str] = ()
    """Names of the dead holders before it: what they have left on a cluster bears them."""

    @property
    def ended(self) -> bool:
        """Whether it is a process of this machine that is not there any more."""
        return self.machine == _machine() and _started(self.pid) != self.process


class Lease:
    """The lease on one place; ``clock`` gives seconds since 1970, ``sleep`` waits."""

    def __init__(
        self,
        place: Place,
        clock: Callable[[], float] = time.time,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self.place, self.path = place, place.file
        self._clock, self._sleep = clock, sleep
        self.name = uuid.uuid4().hex[:12]
        self.after: list[str] = []
        """Names of the dead holders before this one."""
        self._alive = clock()
        self._made: list[Path] = []

    def take(self, wait_s: float = 0.0) -> None:
        """Returns when the lease is held: at once where it is free or its holder is dead, else within ``wait_s`` seconds.

        Raises ``InputError`` that names the holder when it is still held then.
        """
        deadline = self._clock() + wait_s
        self._made = [] if on_store(self.path) else [folder for folder in self.path.parents if not folder.exists()]
        while not self._try():
            now, holder = self._clock(), self.holder()
            if holder is not None and now >= deadline:
                raise InputError(
                    f"{self.place.option}: {self.place.what} is being written to {self.place.folder} by process {holder.pid} on "
                    f"{holder.host} (last sign of life {max(0.0, now - holder.heartbeat):.0f} s ago); wait for its end, choose "
                    f"another {self.place.option}, or give this start time with wait_for_lease_s"
                )
            self._sleep(LOOK_EVERY_S)

    def holder(self) -> Holder | None:
        """Who holds the lease, dead or alive; None: nobody."""
        try:
            # a store's file is whole, or not there
            written = self._clock() if on_store(self.path) else self.path.stat().st_mtime
        except FileNotFoundError:
            return None
        content = exclusive.read(self.path)
        if content is None:
            return None
        try:
            return Holder(**json.loads(content))
        except (ValueError, TypeError):
            return Holder("", "an unknown host", "", 0, "", written)  # it is being written just now

    def alive(self, holder: Holder) -> bool:
        """Whether a holder still lives, as far as can be told from here."""
        return not (holder.ended or self._clock() - holder.heartbeat > EXPIRY_S)

    def beat(self) -> bool:
        """Shows life; false when the lease is lost."""
        try:
            holder = self.holder()
            if holder is None or holder.holder != self.name:
                return False
            write_json(self.path, self._myself())
        except failures():
            # a file system that is out of reach for a while; after the expiry others may have thought this process dead
            return self._clock() - self._alive < EXPIRY_S
        self._alive = self._clock()
        return True

    def release(self) -> None:
        """Gives the lease back, and takes away folders that it was alone in."""
        holder = self.holder()
        if holder is not None and holder.holder == self.name:
            exclusive.remove(self.path)
        for folder in self._made:
            with suppress(OSError):
                folder.rmdir()

    def _try(self) -> bool:
        holder = self.holder()
        if holder is None:
            return self._create(self.path)
        if self.alive(holder):
            return False
        # of those that find one holder dead, one alone may replace it
        claim = self.path.with_name(f"{self.path.name}.{holder.holder or 'unknown'}")
        if not self._create(claim):
            with suppress(FileNotFoundError):
                if time.time() - claim.stat().st_mtime > EXPIRY_S:
                    exclusive.remove(claim)
            return False
        try:
            if self.holder() != holder:
                return False
            self.after = [*holder.after, holder.holder]
            write_json(self.path, self._myself())
            return True
        finally:
            exclusive.remove(claim)

    def _create(self, path: Path) -> bool:
        return exclusive.create(path, json.dumps(self._myself()._asdict()))

    def _myself(self) -> Holder:
        now = self._clock()
        return Holder(self.name, socket.gethostname(), _machine(), os.getpid(), _started(os.getpid()), now, self.after)


@contextmanager
def hold(place: Place, wait_s: float = 0.0) -> Iterator[Lease]:
    """Holds the lease for the block's time and shows life; a block in the main thread is interrupted when the lease is lost.

    Raises:
        InputError: it is held by another process after ``wait_s`` seconds.
        LeaseLostError: it was lost.
    """
    lease = Lease(place)
    lease.take(wait_s)
    stop, lost = threading.Event(), threading.Event()
    interrupts = threading.current_thread() is threading.main_thread()

    def show_life() -> None:
        while not stop.wait(HEARTBEAT_S):
            if not lease.beat():
                lost.set()
                if interrupts:
                    _thread.interrupt_main()
                return

    thread = threading.Thread(target=show_life, name="lease", daemon=True)
    thread.start()
    try:
        yield lease
    except KeyboardInterrupt:
        if not lost.is_set():
            raise
    finally:
        stop.set()
        thread.join()
        lease.release()
    if lost.is_set():
        raise LeaseLostError(f"{place.what}: another process has taken its place in {place.folder}: {place.file}")


def _machine() -> str:
    try:
        boot = Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip()
        return f"{socket.gethostname()} {boot} {os.readlink('/proc/self/ns/pid')}"
    except OSError:
        return f"{socket.gethostname()} {uuid.getnode()}"


def _started(pid: int) -> str:
    """When a process of this machine started; empty when it is not there."""
    try:
        # the name before it, in parentheses, may hold anything
        return Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace").rpartition(")")[2].split()[19]
    except OSError:
        pass
    if Path("/proc/self").exists():
        return ""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return ""
    except PermissionError:
        pass
    return "there"
