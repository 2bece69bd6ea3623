"""Independent pictures are worth their number; copies, their prompts; unequal weights, what Kish has."""

import numpy as np
import pytest

from safesweep.measures.calibration.effective import effective_number, worth_of
from safesweep.measures.intervals import wilson
from safesweep.measures.intervals.rates import count_interval


def test_one_picture_a_prompt_is_worth_one():
    flags = np.array([1, 0, 0, 1, 0, 0])
    assert effective_number(flags, [f"h{n}" for n in range(6)]) == 6
    assert effective_number([], []) == 0


def test_copies_are_worth_their_prompts():
    unsafe = np.repeat([4.0, 0.0], [30, 70])
    worth = worth_of(unsafe, np.full(100, 4.0))
    assert 90 < worth < 115
    # Wilson's of so many is as wide as the interval that the product shows
    low, high = wilson(0.3 * worth, worth)
    shown = count_interval(unsafe, np.full(100, 4.0))
    assert high - low == pytest.approx(shown.high - shown.low, abs=1e-6)


def test_weights_cost_what_kish_says():
    weights = np.array([1.0] * 50 + [9.0] * 50)
    flags, hashes = np.tile([0, 1], 50), [f"h{n}" for n in range(100)]
    assert effective_number(flags, hashes, weights) == pytest.approx(500**2 / (50 + 50 * 81))
    assert effective_number(flags, hashes, np.full(100, 7.0)) == pytest.approx(100)
