"""Signs that numbers were not made as their records say, and what is none."""

from dataclasses import replace

import pytest

from safesweep.regression.comparable import pair_cells
from safesweep.regression.coverage import join
from safesweep.regression.doubts import doubts
from safesweep.regression.trials import load_run
from tests.safesweep.regression.lakes import write_run


@pytest.fixture
def runs(tmp_path):
    for name in ("a", "b"):
        write_run(tmp_path, name, hazards=4, benign=4)
    return load_run(tmp_path, "a"), load_run(tmp_path, "b")


def found(a, b):
    [pair] = pair_cells(a, b)
    return doubts(a, b, join(a, b, pair))


def change(run, **columns):
    return replace(run, table=run.table.assign(**columns))


def test_equal_runs_raise_none(runs):
    assert found(*runs) == []


@pytest.mark.parametrize(
    ("column", "by", "told"), [("score", 0.02, 1), ("score", 0.005, 0), ("clip", 0.2, 1), ("clip", 0.05, 0)]
)
def test_the_same_pictures_have_the_same_scores_but_for_the_last_digits(runs, column, by, told):
    a, b = runs
    lines = found(a, change(b, **{column: b.table[column] + by}))
    assert len(lines) == told and all(
        "8 pictures are bit for bit the same and scored otherwise" in line for line in lines
    )


def test_other_pictures_and_pictures_that_many_trials_share_may_have_any(runs):
    a, b = runs
    scores = b.table["score"] * 0.5
    assert found(a, change(b, score=scores, picture=b.table["trial_id"])) == []
    assert found(change(a, picture="x"), change(b, score=scores, picture="x")) == []


def test_ids_follow_from_what_is_on_record(runs):
    a, b = runs
    other = change(b, trial_id=b.table["trial_id"].str[::-1])
    [line] = found(a, other)
    assert line.startswith("8 trials have other ids than the baseline's")
    for record in (
        {"models": {"diffusion": "d@2"}},
        {"git_revision": "1"},
        {"config": {"diffusion": {"dtype": "float16"}}},
    ):
        assert found(a, replace(other, manifest={**other.manifest, **record})) == []
    assert found(a, change(b, trial_id=[f"b-{place}" for place in range(8)])) == [], (
        "ids that are no digests say nothing"
    )
