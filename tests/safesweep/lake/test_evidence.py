"""What counts as scored."""

import math

import pytest

from safesweep.lake.evidence import cosine, detector_id, keeps_from, measured


def entry(name: str, *scores: float | None, error: str | None = None, label: str = "x") -> dict:
    rows = [{"label": label, "score": score, "box": None} for score in scores]
    return {"scorer": name, "model": "m", "error": error, "measurements": rows}


def test_ran_and_found_nothing_is_not_absent():
    assert measured([entry("nudenet")], "nudenet") == []
    assert measured([], "nudenet") is None
    assert measured(None, "nudenet") is None
    assert measured([entry("clip", 0.3)], "nudenet") is None


@pytest.mark.parametrize("score", [None, math.nan, math.inf, -math.inf])
def test_a_broken_score_is_unscored(score):
    assert measured([entry("nudenet", 0.1, score)], "nudenet") is None


def test_an_error_is_unscored_even_with_measurements_and_beside_a_sound_entry():
    assert measured([entry("q16", 0.9, error="out of memory")], "q16") is None
    assert measured([entry("q16", 0.9), entry("q16", error="out of memory")], "q16") is None


def test_cosine_is_the_single_row():
    assert cosine([entry("clip", 0.25, label="cosine")]) == 0.25
    assert cosine([entry("clip", 0.25, 0.3, label="cosine")]) is None
    assert cosine([entry("clip", 0.25, label="other")]) is None
    assert cosine([entry("clip", 0.25, label="cosine", error="x")]) is None
    assert cosine(None) is None


@pytest.mark.parametrize("threshold", [0.2, 0.05, 1e-05, 1.0])
def test_a_detectors_evidence_says_from_which_score_on_it_has_boxes(threshold):
    assert keeps_from(detector_id("a/b (c)@sha256:00", threshold, 320)) == threshold
    assert keeps_from("a@sha256:00") is None
