"""The coverage of every interval that is printed, in the short form of `benchmarks/coverage.py`."""

import json

import pytest
from scipy import stats

from benchmarks import coverage
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


def test_the_page_and_the_last_line_tell_all(results):
    page, last = coverage.as_markdown(results), json.loads(json.dumps(coverage.as_json(results)))
    assert last["settings"] == len(results) and last["share_within_strictly"] <= last["share_within"] <= 1
    assert last["lowest"] == min(one.coverage for one in results)
    for name in TRIED:
        assert f"| {name} |" in page
    assert page.split("## The ten worst")[1].split("## Outside")[0].count("\n| ") == min(10, len(results)) + 1
