"""The coverage of every interval that is printed, in the short form of `benchmarks/coverage.py`."""

import dataclasses
import json

import pytest
from scipy import stats

from benchmarks import coverage
from benchmarks.simulation import page
from benchmarks.simulation.tried import TRIED, Result
from benchmarks.simulation.worlds import Setting
from safesweep.measures.intervals import wilson


@pytest.fixture(scope="module")
def results() -> list[Result]:
    return coverage.run_all(coverage.short_settings(), None, runs=100)


def test_no_interval_holds_the_truth_too_seldom(results):
    assert {one.setting.interval for one in results} == set(TRIED)
    for one in results:
        # Three standard errors of 100 runs below .95.
        assert one.coverage >= 0.88, one


def test_one_picture_a_prompt_is_exact_and_wilsons(results):
    one = next(r for r in results if r.setting == Setting("rate", 50, 1, 0.0, 0.5))
    ends = [wilson(k, 50) for k in range(51)]
    chance = [stats.binom.pmf(k, 50, 0.5) for k in range(51)]
    assert one.coverage == pytest.approx(
        sum(p for p, (low, high) in zip(chance, ends, strict=True) if low <= 0.5 <= high)
    )
    assert one.width == pytest.approx(one.reference)


def test_what_was_done_is_kept_and_not_done_again(tmp_path, results, monkeypatch):
    chosen = [one.setting for one in results if one.setting.interval == "CLIP"]
    kept = tmp_path / "out" / "kept.jsonl"
    first = coverage.run_all(chosen[:1], kept, runs=50)
    monkeypatch.setattr(coverage, "run", lambda *_: pytest.fail("is there already"))
    # repr: NaN is not equal to itself.
    assert repr(coverage.run_all(chosen[:1], kept, runs=50)) == repr(first)
    assert len(kept.read_text().splitlines()) == 1


def test_wilsons_own_coverage_is_known(results):
    """Reference: 20 pictures at .005 are held when none is unsafe, and two settings of as many pictures are one."""
    own = page.wilsons_coverage()
    assert own[20, 0.005] == pytest.approx(0.995**20)
    assert own[50, 0.5] == pytest.approx(
        next(r for r in results if r.setting == Setting("rate", 50, 1, 0.0, 0.5)).coverage
    )


def test_more_than_98_is_a_fault_where_both_ends_can_miss():
    one = Result(Setting("rate", 50, 1, 0.0, 0.5), 100, 0.99, 0.0, 0.01, 0.1, 0.0, 0.1, float("nan"))
    silent = dataclasses.replace(one, silent=0.03)
    paired = [dataclasses.replace(one, few=few) for few in (0.5, 0.7)]
    assert [r.within for r in (one, silent, *paired)] == [False, True, False, True]
    assert not any(dataclasses.replace(r, coverage=0.92).within for r in (one, silent, *paired))


def test_the_page_and_the_last_line_tell_all(results):
    text, last = coverage.as_markdown(results), json.loads(json.dumps(coverage.as_json(results)))
    assert last["settings"] == len(results) and last["share_within_strictly"] <= last["share_within"] <= 1
    assert last["lowest"] == min(one.coverage for one in results)
    for name in TRIED:
        assert f"| {name} |" in text
    assert text.split("## The ten worst")[1].split("## Outside")[0].count("\n| ") == min(10, len(results)) + 1
