"""What falls: each kind strikes one thing of a run's world, or finds nothing of its kind there."""

import random
import signal
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from benchmarks.rain.disk import Disk
from benchmarks.rain.endpoint import Endpoint
from benchmarks.rain.job import Job
from benchmarks.rain.nodes import GRACE_S, Nodes, is_a, kill
from tests.s3_server import S3Server

WHILE_S = 2.0, 8.0
"""How long the weather of an endpoint, a store or a disk lasts."""
AWAY_S = 3.0, 10.0
"""How long a node is gone."""
FOUND_S = 0.5
"""For so long the workers that were found are looked at."""
AT_WORK = 0.8
"""Share of drops that must find actors at work: a run spends most of its time in starting them."""
LOOKED_FOR_S = 3.0
"""A write task lasts a fraction of a second; one is waited for so long."""


@dataclass
class World:
    """What a run works with; None: this run has no such thing."""

    nodes: Nodes
    job: Job
    endpoint: Endpoint | None = None
    store: S3Server | None = None
    disk: Disk | None = None
    later: list[tuple[float, Callable[[], None]]] = field(default_factory=list)
    """What is to be done, and when by the monotonic clock: the end of a weather, the return of a node."""

    stayed: int = 0
    """Diffusion actors that had not left their node at the end of its grace."""

    def after(self, seconds: float, action: Callable[[], None]) -> None:
        """Lets ``action`` be done then."""
        self.later.append((time.monotonic() + seconds, action))

    def catch_up(self, everything: bool = False) -> None:
        """Does what is due, or all that is still to come."""
        due = [one for one in self.later if everything or one[0] <= time.monotonic()]
        for one in sorted(due, key=lambda entry: entry[0]):
            self.later.remove(one)
            one[1]()


Strike = Callable[[World, random.Random], str | None]
"""Strikes, and says what it struck; None: there was nothing."""


def worker(kind: str) -> Strike:
    """SIGKILL to one worker of a kind of `nodes.TITLES`."""

    def strike(world: World, chance: random.Random) -> str | None:
        found = world.nodes.workers(kind)
        chosen = chance.choice(found) if found else None
        return f"process {chosen.pid}" if chosen is not None and kill(chosen) else None

    return strike


def write_task(world: World, chance: random.Random) -> str | None:
    """SIGKILL to a task that writes into the lake, as soon as there is one."""
    if not world.nodes.workers("scorer"):
        return None
    deadline = time.monotonic() + LOOKED_FOR_S
    while time.monotonic() < deadline and world.job.code() is None:
        # a worker that waits for work is one that may write next: to look at those again is cheaper than to find them
        known = world.nodes.processes()
        again = time.monotonic() + FOUND_S
        while time.monotonic() < again:
            for one in known:
                if is_a("write_task", one) and kill(one):
                    return f"process {one.pid}"
            time.sleep(0.005)
    return None


def node_lost(world: World, chance: random.Random) -> str | None:
    """A node with diffusion actors is gone at once; a fresh one joins later."""
    if len(world.nodes.spots) < 2:
        return None
    place = chance.randrange(len(world.nodes.spots))
    world.nodes.lose(place)
    world.after(chance.uniform(*AWAY_S), world.nodes.give_back)
    return f"spot node {place}"


def node_told_to_go(world: World, chance: random.Random) -> str | None:
    """A node with diffusion actors is drained, gets SIGTERM at the end of its grace, and a fresh one joins later."""
    if len(world.nodes.spots) < 2 or not world.nodes.workers("diffusion_actor"):
        return None
    place = chance.randrange(len(world.nodes.spots))
    node = world.nodes.spots[place]
    world.nodes.announce(place)

    def end() -> None:
        now = world.nodes.spots.index(node)
        world.stayed += len(world.nodes.workers("diffusion_actor", now))
        world.nodes.terminate(now)

    world.after(GRACE_S, end)
    world.after(GRACE_S + chance.uniform(*AWAY_S), world.nodes.give_back)
    return f"spot node {place}"


def driver(which: signal.Signals) -> Strike:
    """A signal to the driver, which its operator starts again."""

    def strike(world: World, chance: random.Random) -> str | None:
        return f"start {world.job.starts}" if world.job.signal(which) else None

    return strike


def vlm(way: str) -> Strike:
    """The VLM's endpoint misbehaves for a while, in one of `endpoint.WAYS`."""

    def strike(world: World, chance: random.Random) -> str | None:
        endpoint = world.endpoint
        if endpoint is None or endpoint.always is not None:
            return None
        endpoint.misbehave(way)
        seconds = chance.uniform(*WHILE_S)
        world.after(seconds, endpoint.behave)
        return f"for {seconds:.1f} s"

    return strike


def store_fails(world: World, chance: random.Random) -> str | None:
    """The object store answers nothing but 503 for a while; at other times it does so once in ten requests."""
    store = world.store
    if store is None or store.fail_every == 1:
        return None
    before, store.fail_every = store.fail_every, 1
    seconds = chance.uniform(*WHILE_S)

    def end() -> None:
        store.fail_every = before

    world.after(seconds, end)
    return f"for {seconds:.1f} s"


def disk_full(world: World, chance: random.Random) -> str | None:
    """The lake's disk is full for a while."""
    if world.disk is None or world.disk.full:
        return None
    world.disk.fill()
    seconds = chance.uniform(*WHILE_S)
    world.after(seconds, world.disk.clear)
    return f"for {seconds:.1f} s"


KINDS: Mapping[str, Strike] = {
    "diffusion_actor": worker("diffusion_actor"),
    "scorer": worker("scorer"),
    "write_task": write_task,
    "vlm_replica": worker("vlm_replica"),
    "serve_controller": worker("serve_controller"),
    "collector": worker("collector"),
    "node_lost": node_lost,
    "node_told_to_go": node_told_to_go,
    "driver_killed": driver(signal.SIGKILL),
    "driver_interrupted": driver(signal.SIGINT),
    "driver_terminated": driver(signal.SIGTERM),
    "vlm_refuses": vlm("refuse"),
    "vlm_hangs": vlm("hang"),
    "vlm_garbage": vlm("garbage"),
    "vlm_closes": vlm("close"),
    "vlm_fails": vlm("fail"),
    "store_fails": store_fails,
    "disk_full": disk_full,
}
"""Name -> how it strikes."""


class Rain:
    """Draws kinds in an order of chance, so that none is left out for long: one that has struck goes to the end of the row."""

    def __init__(self, seed: int) -> None:
        self.chance = random.Random(seed)
        self._row = list(KINDS)
        self.chance.shuffle(self._row)

    def drop(self, world: World) -> tuple[str, str] | None:
        """Strikes once; the kind and what was struck, or None where no kind found anything, or nothing works yet."""
        if not world.nodes.workers("diffusion_actor") and self.chance.random() < AT_WORK:
            return None
        for kind in self._row:
            struck = KINDS[kind](world, self.chance)
            if struck is not None:
                self._row.remove(kind)
                self._row.append(kind)
                return kind, struck
        return None
