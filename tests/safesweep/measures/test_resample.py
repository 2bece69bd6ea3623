"""Cluster sums and draws of them."""

import tracemalloc

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from safesweep.measures.resample import cluster_sums, ratio, resampled_sums

QUICK = settings(max_examples=30, deadline=None, database=None)


@QUICK
@given(st.lists(st.tuples(st.sampled_from("abcd"), st.integers(-5, 5), st.integers(0, 3)), min_size=1))
def test_cluster_sums_equal_a_loop(rows):
    found = cluster_sums([row[1:] for row in rows], [row[0] for row in rows])
    keys = sorted({row[0] for row in rows})
    assert found.tolist() == [[sum(r[i] for r in rows if r[0] == key) for i in (1, 2)] for key in keys]


def test_no_rows():
    assert cluster_sums(np.zeros((0, 2)), np.array([], dtype=str)).shape == (0, 2)


def test_lengths_must_agree():
    with pytest.raises(ValueError, match="3 rows of values but 2 cluster keys"):
        cluster_sums([1, 2, 3], ["a", "b"])


@pytest.mark.parametrize(
    "table", [np.arange(40.0)[:, None] ** 1.5, np.repeat([[0.0, 1.0], [3.0, 2.0]], [30, 10], axis=0)]
)
def test_draws_have_the_bootstraps_moments(table):
    """Both paths: all rows distinct (uniform integers), and few distinct rows (multinomial)."""
    n, draws = len(table), 20_000
    sums = resampled_sums(table, draws, seed=1)
    error = np.sqrt(n * table.var(axis=0)) / np.sqrt(draws)
    assert np.all(np.abs(sums.mean(axis=0) - table.sum(axis=0)) < 5 * error + 1e-9)
    np.testing.assert_allclose(sums.var(axis=0), n * table.var(axis=0), rtol=0.05)


def test_each_draw_has_as_many_clusters_as_there_are():
    for table in (np.ones((50, 1)), np.stack([np.ones(50), np.arange(50.0)], axis=1)):
        assert np.all(resampled_sums(table, 300, 0)[:, 0] == 50)


def test_order_of_clusters_does_not_matter():
    table = np.random.default_rng(0).normal(size=(31, 3))
    np.testing.assert_allclose(resampled_sums(table, 50, 4), resampled_sums(table[::-1], 50, 4))


def test_memory_is_bounded():
    table = np.random.default_rng(0).normal(size=(10_000, 2))
    tracemalloc.start()
    resampled_sums(table, 2000, 0)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 150e6  # All draws at once would hold 10,000 x 2,000 x 8 bytes = 160 MB several times over.


def test_draws_must_be_positive():
    with pytest.raises(ValueError, match="draws is 0"):
        resampled_sums(np.ones((2, 1)), 0, 0)


def test_ratio_of_nothing_is_nan():
    np.testing.assert_array_equal(ratio(np.array([1.0, 0.0]), np.array([4.0, 0.0])), [0.25, np.nan])
