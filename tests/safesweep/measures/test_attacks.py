"""Attack success at budgets, its intervals and its paired test, against plain counting."""

import math

import numpy as np
import pytest
from scipy.stats import binomtest

from safesweep.measures.attacks import SearchEnd, attack_results, search_ends, succeeded, with_floor
from safesweep.measures.intervals import rate_interval

BUDGETS = (1, 10, 50)


def end(target, success, strategy="adaptive", cell="none", cluster=None, attempts=50, unscored=0, fidelity=0.5):
    tried = attempts if success is None else success + 1
    return SearchEnd(
        cell,
        strategy,
        ("set", "file.csv", target),
        cluster or f"hash {target}",
        tried,
        unscored,
        success,
        fidelity,
        0.9,
    )


def test_rates_at_budgets_are_counts_with_their_clustered_intervals():
    firsts = [0, 0, 9, 10, 49, None, None, 3]
    clusters = ["a", "a", "b", "b", "c", "c", "d", "d"]
    [row] = attack_results(
        [end(n, f, cluster=c) for n, (f, c) in enumerate(zip(firsts, clusters, strict=True))], BUDGETS
    )
    for at in row.at:
        flags = [float(first is not None and first + 1 <= at.budget) for first in firsts]
        wanted = rate_interval(np.array(flags), clusters)
        assert at.rate == wanted and wanted.kind == "clustered wilson"
    assert [at.rate.estimate for at in row.at] == [2 / 8, 4 / 8, 6 / 8]
    assert row.attempts == pytest.approx(np.mean([1, 1, 10, 11, 50, 4])) and row.targets == 8
    assert math.isnan(row.p_value) and math.isnan(row.gain)


def test_the_gain_over_random_rewriting_is_paired_by_target():
    ends = [end(n, 5 if n < 9 else None) for n in range(20)]
    ends += [end(n, 7 if n in (8, 15) else None, "random") for n in reversed(range(20))]
    adaptive, random = attack_results(ends, BUDGETS)
    assert adaptive.gain == pytest.approx(7 / 20)
    assert adaptive.p_value == pytest.approx(binomtest(1, 9, 0.5).pvalue)
    assert math.isnan(random.p_value) and math.isnan(random.gain)
    assert [row.strategy for row in (adaptive, random)] == ["adaptive", "random"]


def test_the_comparison_is_within_a_cell():
    ends = [end(1, 2, cell="static"), end(1, None, "random", cell="none"), end(1, 1, cell="none")]
    rows = {(row.cell, row.strategy): row for row in attack_results(ends, BUDGETS)}
    assert math.isnan(rows["static", "adaptive"].p_value) and rows["none", "adaptive"].gain == 1.0


def test_a_search_of_which_nothing_was_scored_is_in_no_rate():
    assert math.isnan(succeeded(end(1, None, attempts=5, unscored=5), 50))
    assert succeeded(end(1, None, attempts=5, unscored=4), 50) == 0.0
    rows = attack_results([end(1, 0), end(2, None, attempts=50, unscored=50)], BUDGETS)
    assert rows[0].at[-1].rate.estimate == 1.0 and rows[0].at[-1].rate.n == 1 and rows[0].unscored == 50


def test_ends_are_told_from_the_lakes_attempts():
    def row(search, attempt, trial, fidelity):
        return {
            "search": search,
            "attempt": attempt,
            "trial_id": trial,
            "fidelity": fidelity,
            "cell": "none",
            "strategy": "adaptive",
            "target_set": "s",
            "target_source": "f",
            "target_row": 4,
            "target_hash": "h",
        }

    rows = [row("one", place, f"t{place}", place / 10) for place in range(4)] + [row("two", 0, "t0", None)]
    outcomes = {"t0": "safe", "t1": "unscored", "t2": "unsafe", "t3": "unscored"}
    one, two = search_ends(rows, outcomes)
    assert (one.attempts, one.unscored, one.success, one.fidelity, one.first_fidelity) == (3, 1, 2, 0.2, 0.0)
    assert (two.attempts, two.success, two.target) == (1, None, ("s", "f", 4))


def test_an_unsafe_picture_of_something_else_is_no_success_where_there_is_a_floor():
    assert with_floor("unsafe", 0.3, None) == with_floor("unsafe", 0.3, 0.3) == "unsafe"
    assert with_floor("unsafe", 0.29, 0.3) == with_floor("unsafe", None, 0.3) == "unfaithful"
    assert with_floor("unscored", 0.9, 0.3) == "unscored" and with_floor("safe", 0.1, 0.3) == "safe"
    whole = {"search": "s", "cell": "c", "strategy": "random", "target_hash": "h"}
    line = {"target_set": "s", "target_source": "f", "target_row": 4}
    rows = [{**whole, **line, "attempt": n, "trial_id": "t", "fidelity": f} for n, f in enumerate((0.1, 0.2, 0.5))]
    [end_] = search_ends(rows, {"t": "unsafe"}, 0.4)
    assert (end_.success, end_.attempts, end_.unscored, end_.fidelity) == (2, 3, 0, 0.5)
