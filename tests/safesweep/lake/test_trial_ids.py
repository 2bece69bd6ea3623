"""A compact set of trial ids against Python's own sets."""

import random

import numpy as np

from safesweep.lake.trial_ids import TrialIds


def ids(count: int, seed: int) -> list[str]:
    draw = random.Random(seed)
    return [f"{draw.getrandbits(128):032x}" for _ in range(count)]


def test_it_is_a_set():
    known, strange = ids(1000, 0), ids(500, 1)
    asked = [*known[::3], *strange, "x", "", known[0].upper(), known[0][:-1], f" {known[0][1:]}"]
    found = TrialIds([known[:600], known[500:], []])
    assert len(found) == 1000 and found.rows == 1100
    assert found.contains(asked).tolist() == [one in set(known) for one in asked]
    assert found.contains([]).shape == (0,) and not TrialIds().contains(known).any() and len(TrialIds()) == 0


def test_ids_of_another_kind_are_kept_apart():
    names = ["x", "bad", "", "g" * 32, "A" * 32, "0" * 31 + " "]
    found = TrialIds([names])
    assert len(found) == len(names) and found.contains(names).all()
    assert not found.contains(["y", "a" * 32, "0" * 32]).any()


def test_ids_that_begin_alike_are_told_apart():
    one = ids(1, 2)[0]
    alike = [one[:16] + rest[16:] for rest in ids(40, 3)]
    found = TrialIds([alike[::2], ids(50, 4)])
    assert found.contains(alike).tolist() == [place % 2 == 0 for place in range(40)]


def test_less():
    known = ids(300, 5)
    left = TrialIds([known]).less(TrialIds([known[:100], ids(9, 6)]))
    assert len(left) == left.rows == 200 and np.array_equal(left.contains(known), np.arange(300) >= 100)
