"""The bound on trajectories in flight: Little's law, and that it keeps the batch full."""

import heapq
import math

import pytest

from safesweep.engine.in_flight import HEADROOM, InFlightBound


def test_before_anything_was_measured_two_batches_worth():
    assert InFlightBound(8, 100).trajectories == 16
    assert InFlightBound(8, 10).trajectories == 10


@pytest.mark.parametrize(("batched", "parked"), [(8, 0), (8, 8), (8, 24), (4, 4), (1, 7)])
def test_slots_times_one_plus_parked_over_batched(batched, parked):
    bound = InFlightBound(8, 1000)
    for _ in range(5):
        bound.tick(0.1, batched, parked)
    assert bound.trajectories == max(9, math.ceil(8 * (1 + HEADROOM * parked / batched)))


def test_the_weights_are_times_not_ticks():
    bound = InFlightBound(10, 1000)
    bound.tick(1.0, 10, 0)
    bound.tick(3.0, 0, 10)  # idle: all of them are waiting
    forgotten = 10 * 0.98
    assert bound.trajectories == math.ceil(10 * (1 + HEADROOM * 30 / forgotten))


def test_never_less_than_a_batch_and_one_nor_more_than_allowed():
    bound = InFlightBound(8, 12)
    bound.tick(1.0, 8, 0)
    assert bound.trajectories == 9
    bound.tick(1.0, 1, 500)
    assert bound.trajectories == 12
    assert InFlightBound(8, 1).trajectories == 8


def test_it_follows_a_vlm_that_grows_faster():
    bound = InFlightBound(8, 1000)
    for _ in range(200):
        bound.tick(0.1, 8, 80)
    slow = bound.trajectories
    for _ in range(200):
        bound.tick(0.1, 8, 8)
    assert slow == pytest.approx(8 * (1 + HEADROOM * 10), abs=1) and bound.trajectories <= 8 * (1 + HEADROOM) + 2


def simulate(bound: InFlightBound, slots: int, latency: int, pictures: int) -> tuple[int, int]:
    """Ticks that ``pictures`` of 25 steps take, asking at 7 of them for ``latency`` ticks each; and the most in flight."""
    asks = {3, 5, 7, 9, 12, 16, 20}
    ready: list[tuple[int, int]] = []  # (-step, number), the most advanced first
    parked: list[tuple[int, int, int]] = []  # (tick of the answer, step, number)
    started = finished = tick = most = 0
    while finished < pictures:
        while parked and parked[0][0] <= tick:
            _, step, number = heapq.heappop(parked)
            heapq.heappush(ready, (-step, number))
        while started < pictures and len(ready) + len(parked) < bound.trajectories:
            heapq.heappush(ready, (0, started))
            started += 1
        most = max(most, len(ready) + len(parked))
        taken = [heapq.heappop(ready) for _ in range(min(slots, len(ready)))]
        for negative_step, number in taken:
            step = 1 - negative_step
            if step == 25:
                finished += 1
            elif step in asks:
                heapq.heappush(parked, (tick + latency, step, number))
            else:
                heapq.heappush(ready, (-step, number))
        bound.tick(1.0, len(taken), len(parked))
        tick += 1
    return tick, most


@pytest.mark.parametrize("latency", [1, 5, 10, 20, 40])
def test_under_the_bound_a_slow_vlm_costs_next_to_nothing(latency):
    slots, pictures = 16, 1600
    ticks, most = simulate(InFlightBound(slots, 512), slots, latency, pictures)
    full = pictures * 25 / slots
    assert ticks <= 1.05 * full + 25 + 7 * latency  # beside the first and the last pictures' own way
    assert most <= 2 * math.ceil(slots * (1 + HEADROOM * 7 * latency / 25))
    alone, _ = simulate(InFlightBound(slots, slots), slots, latency, pictures)
    assert latency == 1 or ticks < alone
