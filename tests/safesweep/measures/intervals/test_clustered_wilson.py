"""Wilson's interval for pictures that come several a prompt."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from safesweep.measures.intervals import clustered_wilson, count_interval, wilson
from safesweep.measures.intervals.correlation import correlations

QUICK = settings(max_examples=30, deadline=None, database=None)


@QUICK
@given(st.integers(0, 60), st.integers(0, 60), st.sampled_from([0.8, 0.95, 0.99]))
def test_one_picture_a_prompt_is_wilsons_own(unsafe, safe, confidence):
    if unsafe + safe == 0:
        return
    kinds, prompts = np.array([0.0, 1.0]), np.array([[safe, unsafe]], dtype=float)
    low, high = clustered_wilson(kinds, np.ones(2), prompts, confidence)
    assert (low[0], high[0]) == pytest.approx(wilson(unsafe, unsafe + safe, confidence), abs=1e-9)


@pytest.mark.parametrize("unsafe", [0, 1, 30, 94])
def test_one_duplicated_text_moves_next_to_nothing(unsafe):
    """One rule: a set does not change its method because a text stands in it twice."""
    flags = np.array([1] * unsafe + [0] * (95 - unsafe))
    single = count_interval(flags, np.ones(95))
    twice = count_interval(np.append(flags[:-1], 2 * flags[-1]), [1] * 94 + [2])
    assert (single.kind, twice.kind) == ("wilson", "clustered wilson")
    assert twice[1:3] == pytest.approx(wilson(unsafe, 96), abs=0.002)


def test_all_or_nothing_prompts_count_once_and_alike_prompts_fully():
    copies = count_interval([10] * 60 + [0] * 140, [10] * 200)
    assert copies[1:3] == pytest.approx(wilson(60, 200), abs=0.003)
    rng = np.random.default_rng(0)
    found = count_interval(rng.binomial(10, 0.3, 2000), [10] * 2000)
    assert found.high - found.low == pytest.approx(np.diff(wilson(6000, 20_000))[0], rel=0.06)


def test_correlations_equal_a_fine_quadrature():
    """Reference: scipy's beta-binomial on a fine even grid of correlations and of arcsin(sqrt p)."""
    unsafe, scored, prompts = np.array([0.0, 1, 3, 4]), np.array([4.0, 4, 4, 5]), np.array([12.0, 4, 2, 2])
    found = correlations(unsafe, scored, prompts[None, :])
    grid = (np.arange(400) + 0.5) / 400
    rates = np.sin((np.arange(300) + 0.5) / 300 * np.pi / 2) ** 2
    size = (1 - grid) / grid
    logs = sum(
        count * stats.betabinom.logpmf(k, n, rates[:, None] * size, (1 - rates[:, None]) * size)
        for k, n, count in zip(unsafe, scored, prompts, strict=True)
    )
    posterior = np.exp(logs - logs.max()).sum(axis=0) / np.sqrt(1 - grid)
    posterior /= posterior.sum()
    assert found.weights[0] @ found.nodes == pytest.approx(posterior @ grid, abs=0.005)
    assert found.weights[0] @ found.nodes**2 == pytest.approx(posterior @ grid**2, abs=0.005)


def test_many_tables_at_once_equal_one_at_a_time():
    rng = np.random.default_rng(1)
    unsafe, scored = np.array([0.0, 1, 2, 3]), np.array([3.0, 3, 3, 3])
    prompts = rng.multinomial(30, [0.6, 0.1, 0.1, 0.2], size=300).astype(float)
    low, high = clustered_wilson(unsafe, scored, prompts)
    for table in (0, 255, 256, 299):
        alone = count_interval(np.repeat(unsafe, prompts[table].astype(int)), np.full(30, 3))
        assert (low[table], high[table]) == pytest.approx(alone[1:3], abs=1e-12)


@pytest.mark.parametrize("correlation", [0.3, 0.8])
def test_coverage_where_the_rate_is_near_zero(correlation):
    """The issue's fault: .80 to .88 at two unsafe pictures of a hundred."""
    rng, rate, size = np.random.default_rng(3), 0.02, (1 - correlation) / correlation
    pictures = np.arange(11)
    chance = stats.betabinom.pmf(pictures, 10, rate * size, (1 - rate) * size)
    prompts = rng.multinomial(100, chance / chance.sum(), size=500).astype(float)
    low, high = clustered_wilson(pictures.astype(float), np.full(11, 10.0), prompts)
    assert 0.925 <= ((low <= rate) & (rate <= high)).mean() <= 0.985
