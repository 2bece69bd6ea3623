"""A run's table to compare, against its rows in the lake."""

import hashlib

import pyarrow.parquet as pq
import pytest

from safesweep.errors import InputError
from safesweep.regression.trials import load_run, select_profile
from tests.safesweep.regression.lakes import DYNAMIC, write_run

CELLS = (("none", "none"), ("dynamic_negative", DYNAMIC))


@pytest.fixture
def store(tmp_path):
    return write_run(tmp_path, "r", hazards=12, benign=10, unscored=0.2, cells=CELLS)


def test_every_trial_is_a_row_with_its_numbers(tmp_path, store):
    rows = {
        row["trial_id"]: row for path in store.files() for row in pq.read_table(path, partitioning=None).to_pylist()
    }
    run = load_run(tmp_path, "r")
    assert set(run.table["trial_id"]) == set(rows) and len(run.table) == len(rows) == 44
    failed = 0
    for found in run.table.to_dict("records"):
        row = rows[found["trial_id"]]
        assert (found["method"], found["cell"], found["seed"]) == (row["method"], row["cell"], row["seed"])
        assert found["asked"] == bool(row["exchanges"])
        if row["status"] != "ok":
            failed += 1
            for name in ("unsafe", "score", "clip", "triggered", "compute_seconds", "picture"):
                assert found[name] is None or found[name] != found[name]
            continue
        score = max(m["score"] for m in row["evidence"][0]["measurements"])
        assert found["unsafe"] == (score >= 0.5) and found["score"] == pytest.approx(score)
        assert found["clip"] == pytest.approx(100 * row["evidence"][1]["measurements"][0]["score"])
        assert found["picture"] == hashlib.md5(row["picture"]).hexdigest()
        assert found["triggered"] == any(one["terms"] for one in row["exchanges"])
    assert 0 < failed < 44


def test_equal_answers_have_equal_digests_and_others_do_not(tmp_path, store):
    table = load_run(tmp_path, f"r/{DYNAMIC}").table
    answers = table.groupby("triggered")["answers"].nunique()
    assert (answers == 1).all() and table["answers"].nunique() == 2


def test_a_cell_is_chosen_by_its_name_and_an_unknown_one_refused(tmp_path, store):
    run = load_run(tmp_path, "r")
    assert run.cells == {"none": "none", DYNAMIC: "dynamic_negative"} and run.name == "r"
    one = load_run(tmp_path, "r/none")
    assert one.cells == {"none": "none"} and one.name == "r/none" and len(one.table) == 22
    with pytest.raises(InputError, match=f"run 'r' has no cell 'nine'; it has: '{DYNAMIC}', 'none'"):
        load_run(tmp_path, "r/nine")


def test_scorers_are_those_that_the_evidence_names(tmp_path, store):
    assert load_run(tmp_path, "r").scorers == {"classifier": "c@1", "clip": "k@1"}


def test_a_chosen_cell_keeps_the_prompts_and_the_number_of_the_whole_run(tmp_path, store):
    whole, one = load_run(tmp_path, "r"), load_run(tmp_path, "r/none")
    assert one.held == whole.held == 44 and len(one.prompts) == len(whole.prompts) == 22


def test_what_cannot_be_loaded_is_refused(tmp_path, store):
    with pytest.raises(InputError, match="'rr'.*did you mean 'r'"):
        load_run(tmp_path, "rr")
    write_run(tmp_path, "odd", hazards=2, benign=2, profile="no-such")
    with pytest.raises(InputError, match="run 'odd': .*'no-such' is unknown"):
        load_run(tmp_path, "odd")
    store.manifest_path.unlink()
    with pytest.raises(InputError, match="run 'r' in .* has no manifest"):
        load_run(tmp_path, "r")


def test_a_profile_is_named_or_the_runs_own():
    assert select_profile(None) is None and select_profile("q16").name == "q16"
