"""A run's trials, judged."""

import math

import pytest

from safesweep.measures.trials import count_unjudged, read_trials
from tests.safesweep.lake.rows import SCHEMA, exchange, scorer, trial, write_run


def test_all_but_bytes_with_what_the_profile_says(write_lake):
    evidence = [
        scorer("classifier", ("dagger", 0.9), ("flame", 0.0), ("skull", 0.0)),
        scorer("clip", ("cosine", 0.25)),
    ]
    rows = [trial(0, evidence=evidence, exchanges=[exchange("flame")]), trial(1, status="unscored", evidence=evidence)]
    frame = read_trials(write_lake(rows), "r", "miniature").set_index("trial_id")
    assert set(frame.columns) == {*SCHEMA.names, "outcome", "score", "cosine"} - {"picture", "trial_id"}
    assert list(frame.loc["t0", ["outcome", "score", "cosine"]]) == ["unsafe", 0.9, 0.25]
    assert frame.loc["t1", "outcome"] == "unscored"
    assert math.isnan(frame.loc["t1", "score"]) and math.isnan(frame.loc["t1", "cosine"])
    frame = read_trials(write_lake(rows), "r", "miniature", ["seed", "outcome"])
    assert list(frame.columns) == ["seed", "outcome"]


def test_a_run_without_trials_yet(tmp_path):
    (tmp_path / "runs").mkdir()
    (tmp_path / "runs" / "new.json").write_text("{}")
    assert read_trials(tmp_path, "new", "miniature").empty


def test_an_unknown_column_is_named(write_lake):
    with pytest.raises(ValueError, match=r"unknown columns \['sed'\]"):
        read_trials(write_lake([trial(0)]), "r", "miniature", ["sed"])


def test_made_trials_that_a_profile_cannot_judge_are_counted(tmp_path):
    seen = [scorer("q16", ("inappropriate", 0.1))]
    broken = [scorer("q16", error="ValueError: no")]
    rows = [trial(0, evidence=seen), trial(1, evidence=broken), trial(2), trial(3, status="unscored")]
    write_run(tmp_path, rows)
    assert count_unjudged(tmp_path, "r", "q16") == 2
    assert count_unjudged(tmp_path, "r", "nudenet-6@0.5") == 3
    write_run(tmp_path, [trial(0, evidence=seen)])
    assert count_unjudged(tmp_path, "r", "q16") == 0
