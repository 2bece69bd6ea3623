"""Temperatures against the ones that made the data."""

import numpy as np
import pytest

from safesweep.gates.calibration import COLDEST, temperatures


def test_the_temperature_that_made_the_answers_is_found():
    rng = np.random.default_rng(0)
    odds = rng.normal(0, 2, (40_000, 2))
    named = rng.random(odds.shape) < 1 / (1 + np.exp(-odds))
    assert temperatures(odds * [3.0, 0.8], named) == pytest.approx([3.0, 0.8], rel=0.05)


def test_a_term_that_is_told_without_a_mistake_does_not_become_certain():
    logits = np.linspace(-4, 4, 50)[:, None]
    assert temperatures(logits, logits > 0) == pytest.approx([COLDEST], rel=0.01)
