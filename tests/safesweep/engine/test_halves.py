"""A batch with bad members, against doing the good ones one by one."""

import math

import pytest

from safesweep.engine.halves import in_halves


@pytest.mark.parametrize("bad", [set(), {0}, {6}, {2, 3}, {0, 3, 6}, set(range(7))])
def test_only_what_cannot_be_done_is_left_out_and_named(bad):
    numbers = [-1.0 if place in bad else float(place) for place in range(7)]
    failures, sizes = [], []

    def work(batch):
        sizes.append(len(batch))
        return [math.sqrt(number) for number in batch]

    done = in_halves(numbers, work, lambda number, error: failures.append((number, str(error))))
    assert done == [(number, math.sqrt(number)) for number in numbers if number >= 0]
    assert [number for number, _ in failures] == [-1.0] * len(bad)
    assert all("math domain error" in said for _, said in failures)
    assert sizes[0] == 7 and (len(sizes) == 1) == (not bad)


def test_nothing_is_not_worked_on():
    assert in_halves([], lambda batch: pytest.fail("called"), lambda one, error: None) == []


def test_what_ends_the_process_is_not_kept_back():
    def interrupted(batch):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        in_halves([1, 2], interrupted, lambda one, error: None)
