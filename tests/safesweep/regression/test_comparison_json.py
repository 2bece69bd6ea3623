"""A comparison for programs: strict JSON with the numbers of the comparison itself."""

import json

import pytest

from safesweep.regression.comparison import compare
from safesweep.regression.comparison_json import plain
from safesweep.regression.policy import MeasureRule, Policy
from safesweep.regression.trials import load_run
from tests.safesweep.regression.lakes import DYNAMIC, write_run

POLICY = Policy(
    measures={"asr": MeasureRule(better="lower", largest_drop=0.1), "clip_hazard": MeasureRule(window=(-1, 1))}
)


@pytest.fixture
def comparison(tmp_path):
    write_run(tmp_path, "a", hazards=30, benign=3)
    write_run(tmp_path, "b", hazards=30, benign=3, asr=0.5)
    return compare(load_run(tmp_path, "a"), load_run(tmp_path, "b"), POLICY)


def test_it_is_strict_json_with_the_comparisons_numbers(comparison):
    read = json.loads(json.dumps(plain(comparison), allow_nan=False))
    assert (read["baseline"], read["candidate"], read["verdict"]) == ("a", "b", str(comparison.verdict))
    assert read["exit_code"] == comparison.verdict.exit_code
    asr, finding = read["measures"][0], comparison.findings[0]
    assert (asr["measure"], asr["unit"], asr["candidate_cell"]) == ("asr", "share", DYNAMIC)
    assert (asr["baseline"], asr["candidate"]) == (finding.baseline, finding.candidate)
    assert asr["difference"] == finding.difference.difference == pytest.approx(asr["candidate"] - asr["baseline"])
    assert len(read["flips"]) == len(comparison.flips) > 0
    assert read["flips"][0]["direction"] == "safe → unsafe"
    assert read["coverage"]["pairs"] == 33


def test_what_is_no_number_is_null(comparison):
    lost = comparison.findings[1].__class__(
        **{**vars(comparison.findings[1]), "baseline": float("nan"), "detectable": float("inf")}
    )
    read = plain(comparison.__class__(**{**vars(comparison), "findings": (lost,)}))
    assert read["measures"][0]["baseline"] is read["measures"][0]["detectable"] is None
