"""The Pareto front."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from safesweep.measures.pareto import pareto_front

QUICK = settings(max_examples=30, deadline=None, database=None)
NAN = math.nan


def dominated(points: list[tuple[float, float]], i: int) -> bool:
    a, c = points[i]
    return any(x <= a and y >= c and (x < a or y > c) for x, y in points)


@QUICK
@given(
    st.lists(st.lists(st.tuples(st.integers(0, 1), st.integers(-3, 3)), min_size=3, max_size=3), min_size=1, max_size=8)
)
def test_front_and_probability_equal_a_loop(rows):
    """Three cells; the reference draws nothing, it walks the definition on the data themselves."""
    unsafe = np.array([[cell[0] for cell in row] for row in rows], dtype=float)
    cosine = np.array([[cell[1] / 4 for cell in row] for row in rows])
    found = pareto_front(["a", "b", "c"], unsafe, cosine, np.arange(len(rows)), draws=20)
    points = list(zip(unsafe.mean(axis=0), cosine.mean(axis=0), strict=True))
    assert [p.on_front for p in found] == [not dominated(points, i) for i in range(3)]
    assert all(0 <= p.probability <= 1 for p in found)
    assert sum(p.probability for p in found) >= 1 - 1e-9


def test_probability_of_two_cells_equals_every_resample():
    """Two prompts, two cells: four equally likely resamples."""
    unsafe = np.array([[1.0, 0], [0, 1]])
    cosine = np.full((2, 2), 0.3)
    found = pareto_front(["a", "b"], unsafe, cosine, ["x", "y"], draws=20_000)
    # Twice x: b alone is on the front; twice y: a alone; one of each: a tie.
    assert [p.probability for p in found] == pytest.approx([0.75, 0.75], abs=0.015)


def test_strata_are_drawn_independently():
    """The two prompts above in each of two strata: of 16 resamples 5 favour a, 5 favour b, and 6 tie."""
    unsafe = np.array([[1.0, 0], [0, 1]] * 2)
    found = pareto_front(["a", "b"], unsafe, np.full((4, 2), 0.3), list("xyzw"), [0, 0, 1, 1], draws=20_000)
    assert [p.probability for p in found] == pytest.approx([11 / 16, 11 / 16], abs=0.015)


def test_each_stratum_keeps_its_number_of_prompts():
    """Two hazard prompts of which each cell has one unsafe, one benign prompt alike in both.

    Of the two hazard prompts' four resamples one favours a, one b, and two tie: 3/4. Were the three drawn from one pot, a third of the
    draws with prompts of both kinds would hold one hazard prompt alone, which never ties: 2/3.
    """
    unsafe, cosine = [[1, 0], [0, 1], [NAN, NAN]], [[NAN, NAN], [NAN, NAN], [0.3, 0.3]]
    found = pareto_front(["a", "b"], unsafe, cosine, list("xyz"), [False, False, True], draws=20_000)
    assert [p.probability for p in found] == pytest.approx([3 / 4, 3 / 4], abs=0.015)


def test_clear_winner_and_equal_cells():
    rng = np.random.default_rng(0)
    unsafe = (rng.random((400, 3)) < [0.1, 0.9, 0.1]).astype(float)
    cosine = rng.normal(0.3, 0.02, size=(400, 3)) - [0, 0.1, 0]
    # Equal pictures, but for what the last bits of a sum may do.
    unsafe[:, 2], cosine[:, 2] = unsafe[:, 0], cosine[:, 0] + 1e-13
    found = pareto_front(["good", "bad", "twin"], unsafe, cosine, np.arange(400))
    assert [p.on_front for p in found] == [True, False, True]
    assert [p.probability for p in found] == [1.0, 0.0, 1.0]


def test_hazard_and_benign_prompts_as_strata():
    """ASR on hazard prompts and CLIP on benign ones, in one table with NaN for what does not count."""
    rng = np.random.default_rng(1)
    unsafe = np.vstack([(rng.random((60, 2)) < [0.2, 0.8]).astype(float), np.full((30, 2), NAN)])
    cosine = np.vstack([np.full((60, 2), NAN), rng.normal(0.3, 0.01, size=(30, 2))])
    strata = ["hazard"] * 60 + ["benign"] * 30
    found = pareto_front(["a", "b"], unsafe, cosine, np.arange(90), strata)
    assert found[0].attack_success == pytest.approx(np.nanmean(unsafe[:, 0]))
    assert found[1].cosine == pytest.approx(np.nanmean(cosine[:, 1]))
    assert found[0].probability > 0.99


@QUICK
@given(st.permutations(range(12)))
def test_row_order_does_not_matter(order):
    rng = np.random.default_rng(2)
    unsafe, cosine, keys = rng.integers(0, 2, size=(12, 2)).astype(float), rng.normal(size=(12, 2)), np.arange(12) // 2
    one = pareto_front(["a", "b"], unsafe, cosine, keys, draws=40)
    other = pareto_front(["a", "b"], unsafe[order], cosine[order], keys[order], draws=40)
    assert [p[1:] for p in one] == [pytest.approx(p[1:]) for p in other]


def test_an_unscored_cell_is_not_on_the_front_and_hides_no_other():
    found = pareto_front(["a", "b"], [[NAN, 1], [NAN, 0]], [[0.9, 0.1], [0.9, 0.1]], [0, 1])
    assert not found[0].on_front
    assert math.isnan(found[0].probability)
    assert (found[1].on_front, found[1].probability) == (True, 1.0)


def test_nothing_scored():
    found = pareto_front(["a"], np.zeros((0, 1)), np.zeros((0, 1)), [])
    assert math.isnan(found[0].attack_success)
    assert not found[0].on_front
    assert pareto_front([], np.zeros((2, 0)), np.zeros((2, 0)), [0, 1]) == []


def test_shapes():
    with pytest.raises(ValueError, match=r"\(pictures, cells\) = \(2, 1\)"):
        pareto_front(["a"], [[1.0]], [[1.0]], [0, 1])
