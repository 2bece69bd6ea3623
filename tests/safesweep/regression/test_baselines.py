"""Baselines: one in force a suite, its fingerprint against hashlib, and what cannot be one."""

import hashlib
import json

import pytest

from safesweep.errors import InputError
from safesweep.regression.baselines import BaselineStore
from safesweep.regression.policy import load_policy
from tests.safesweep.regression.lakes import write_run

POLICY = load_policy("default")


@pytest.fixture
def lake(tmp_path):
    for name in ("first", "second"):
        write_run(tmp_path, name, hazards=3, benign=2, seed_offset=len(name))
    return tmp_path


def test_each_suite_has_its_own_in_force_and_those_before_are_kept(lake):
    store = BaselineStore(lake)
    store.pin("night", "first", POLICY, note="why")
    store.pin("sweep", "first", POLICY)
    store.pin("night", "second", POLICY)
    assert store.current("night").run_id == "second" and store.current("sweep").run_id == "first"
    assert [(one.suite, one.run_id, one.retired_at is None) for one in store.all()] == [
        ("night", "first", False),
        ("sweep", "first", True),
        ("night", "second", True),
    ]
    assert store.all()[0].note == "why" and BaselineStore(lake).all() == store.all()
    store.retire("night")
    assert store.current("night") is None and store.current("sweep") is not None
    with pytest.raises(InputError, match="suite 'swep' has no baseline; suites with one: sweep; did you mean 'sweep'"):
        store.retire("swep")


def test_the_fingerprint_is_that_of_the_trials(lake):
    pinned = BaselineStore(lake).pin("night", "first", POLICY)
    import duckdb

    ids = duckdb.sql(f"SELECT trial_id FROM '{lake}/trials/run=first/*.parquet' ORDER BY trial_id").fetchall()
    assert pinned.fingerprint == hashlib.sha256("\n".join(name for (name,) in ids).encode()).hexdigest()
    assert pinned.trials == len(ids) == 5


def test_what_cannot_be_a_baseline_is_refused_and_nothing_is_written(lake):
    store = BaselineStore(lake)
    write_run(lake, "holes", hazards=20, benign=20, lost=0.3)
    for run, words in (("frist", "did you mean 'first'"), ("holes", "are missing; allowed in a baseline: 2.0%")):
        with pytest.raises(InputError, match=words):
            store.pin("night", run, POLICY)
    assert not store.path.exists() and store.current("night") is None


def test_a_file_that_somebody_broke_is_named(lake):
    store = BaselineStore(lake)
    store.pin("night", "first", POLICY)
    store.path.write_text("[{")
    with pytest.raises(InputError, match=r"baselines\.json: is not JSON"):
        store.all()
    store.path.write_text(json.dumps([{"suite": "night", "run": "x"}]))
    with pytest.raises(InputError, match=r"baselines\.json\.run_id: is missing"):
        store.all()
