"""Newcombe's paired interval against his published figures, and its form for several pairs a prompt against its form for one."""

import numpy as np
import pytest

from safesweep.measures.compare.newcombe import clustered_newcombe, count_correlation, newcombe

COUNTS = [(36, 2, 12, 0), (53, 0, 1, 0), (0, 3, 1, 96), (10, 5, 15, 70)]
"""Both unsafe, only the baseline, only the candidate, neither."""


def of_pairs(both, only_baseline, only_candidate, neither):
    """The same as one pair a prompt: unsafe pictures of the baseline, of the candidate, pairs."""
    baseline = [1] * both + [1] * only_baseline + [0] * (only_candidate + neither)
    candidate = [1] * both + [0] * only_baseline + [1] * only_candidate + [0] * neither
    return np.array(baseline), np.array(candidate), np.ones(len(baseline))


def test_the_published_example():
    """Newcombe 1998, Stat. Med. 17:2635, table II, method 10: 36, 12, 2, 0 gives 0.0569 to 0.3404."""
    assert newcombe(36, 2, 12, 0) == pytest.approx((0.0569, 0.3404), abs=5e-5)


def test_without_pairs_there_is_no_interval():
    assert np.isnan(newcombe(0, 0, 0, 0)).all()


@pytest.mark.parametrize("counts", COUNTS)
def test_exchanging_the_sides_turns_the_interval_round(counts):
    both, only_baseline, only_candidate, neither = counts
    low, high = newcombe(*counts)
    assert newcombe(both, only_candidate, only_baseline, neither) == pytest.approx((-high, -low), abs=1e-12)
    assert low < (only_candidate - only_baseline) / sum(counts) < high


@pytest.mark.parametrize("counts", COUNTS)
def test_one_pair_a_prompt_is_the_plain_interval(counts):
    assert clustered_newcombe(*of_pairs(*counts)) == pytest.approx(newcombe(*counts), abs=1e-9)


def test_the_correlation_of_one_pair_a_prompt_is_phi_with_half_a_pair_taken_off():
    both, only_baseline, only_candidate, neither = counts = (20, 5, 10, 65)
    product = both * neither - only_baseline * only_candidate - sum(counts) / 2
    sides = (both + only_baseline) * (only_candidate + neither) * (both + only_candidate) * (only_baseline + neither)
    assert count_correlation(*of_pairs(*counts)) == pytest.approx(product / np.sqrt(sides))


def test_pairs_that_go_together_within_prompts_widen_it():
    rng = np.random.default_rng(0)
    alone = [rng.binomial(1, rate, 400) for rate in (0.3, 0.2)]
    together = [10 * rng.binomial(1, rate, 40) for rate in (0.3, 0.2)]
    low, high = clustered_newcombe(*alone, np.ones(400))
    wide_low, wide_high = clustered_newcombe(*together, np.full(40, 10))
    assert wide_high - wide_low > 2 * (high - low)
