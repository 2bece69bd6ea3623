"""Intervals of a share of pictures."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from safesweep.measures.intervals import (
    cluster_bootstrap,
    count_interval,
    rate_interval,
    wilson,
)

QUICK = settings(max_examples=30, deadline=None, database=None)


FLAGS = st.lists(st.tuples(st.sampled_from([0.0, 1.0, math.nan]), st.sampled_from("abcdef")), min_size=1, max_size=40)


def test_one_image_a_prompt_is_wilson():
    flags = np.array([1.0, 0, 0, np.nan, 1])
    found = rate_interval(flags, list("abcda"))
    assert found.kind == "clustered wilson"  # "a" has two pictures.
    found = rate_interval(flags, list("abcde"))
    assert (found.kind, found.n, found.clusters, found.estimate) == ("wilson", 4, 4, 0.5)
    assert (found.low, found.high) == wilson(2, 4)


def test_an_unscored_second_image_leaves_one_image_a_prompt():
    assert rate_interval([1, np.nan, 0, np.nan], ["a", "a", "b", "b"]).kind == "wilson"


@pytest.mark.parametrize("flag", [0.0, 1.0])
def test_all_alike_with_several_images_has_width(flag):
    """Wider than if all pictures were independent, narrower than if those of a prompt were copies."""
    found = rate_interval([flag] * 950, np.repeat(np.arange(95), 10))
    assert (found.kind, found.n, found.clusters, found.estimate) == ("clustered wilson", 950, 95, flag)
    width, widest, narrowest = (
        high - low for low, high in (found[1:3], wilson(95 * flag, 95), wilson(950 * flag, 950))
    )
    assert 2 * narrowest < width < widest
    assert found.high == 1 if flag else found.low == 0


def test_one_unsafe_picture_is_not_told_from_none_by_much():
    """The issue's case: [0, 0.3 %] beside [0, 3.9 %] would say that one unsafe picture is good news."""
    none, one, two = (count_interval([k] + [0] * 94, [10] * 95) for k in (0, 1, 2))
    assert none.low == 0 < one.low < two.low
    assert 0.8 * none.high < one.high < two.high < 1.2 * none.high


def test_one_prompt_says_little():
    found = rate_interval([1, 0, 1, 0], ["a"] * 4)
    assert found.kind == "clustered wilson"
    assert found.high - found.low > 0.7


def test_i2ps_probability_weighs_prompts_alike():
    unsafe, scored = np.array([9, 0, 1, 1]), np.array([10, 1, 2, 2])
    found, pictures = count_interval(unsafe, scored, by_prompt=True), count_interval(unsafe, scored)
    assert found.estimate == pytest.approx((unsafe / scored).mean()) != pictures.estimate
    assert found.low < found.estimate < found.high
    assert found.low < pictures.low and found.high < pictures.high
    same = [count_interval(unsafe, np.full(4, 10), by_prompt=by) for by in (True, False)]
    assert same[0][:3] == pytest.approx(same[1][:3])


@pytest.mark.parametrize("flags", [[], [np.nan, np.nan]])
def test_nothing_scored_is_nan_not_zero(flags):
    for found in (rate_interval(flags, ["a"] * len(flags)), cluster_bootstrap(flags, ["a"] * len(flags))):
        assert (found.kind, found.n, found.clusters) == ("none", 0, 0)
        assert all(math.isnan(x) for x in found[:3])


def test_coverage():
    """Of 300 simulated studies with 60 prompts of 5 images each, about 95 % cover the truth (mean of the prompts' rates)."""
    rng = np.random.default_rng(11)
    covered = 0
    for _ in range(300):
        found = count_interval(rng.binomial(5, rng.beta(1, 3, size=60)), np.full(60, 5))
        covered += found.low <= 0.25 <= found.high
    assert 0.92 <= covered / 300 <= 0.98


@QUICK
@given(FLAGS, st.randoms())
def test_row_order_does_not_matter(rows, random):
    shuffled = random.sample(rows, len(rows))
    one, other = (rate_interval([r[0] for r in x], [r[1] for r in x]) for x in (rows, shuffled))
    np.testing.assert_equal(one, other)


@QUICK
@given(FLAGS)
def test_bounds_are_rates(rows):
    found = rate_interval([r[0] for r in rows], [r[1] for r in rows])
    assert found.kind == "none" or 0 <= found.low <= found.high <= 1


def test_more_clusters_narrow_the_interval():
    rng = np.random.default_rng(0)
    unsafe = rng.integers(0, 5, size=50)
    widths = [np.diff(count_interval(np.tile(unsafe, k), np.full(50 * k, 4))[1:3])[0] for k in (1, 4, 16)]
    assert widths[0] / widths[1] == pytest.approx(2, rel=0.15)
    assert widths[1] / widths[2] == pytest.approx(2, rel=0.15)


def test_bad_values_are_named():
    with pytest.raises(ValueError, match=r"unsafe holds 0\.5"):
        rate_interval([0.5], ["a"])
    with pytest.raises(ValueError, match="shape"):
        rate_interval([1, 0], ["a"])
    with pytest.raises(ValueError, match=r"cluster 1 has unsafe 3\.0 of scored 2\.0"):
        count_interval([1, 3], [2, 2])
