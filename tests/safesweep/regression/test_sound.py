"""Runs that are not fit to be judged are refused by name."""

import json

import pytest

from safesweep.errors import NotJudgedError
from safesweep.regression.sound import check_files, check_rows
from safesweep.regression.trials import load_run
from tests.safesweep.regression.lakes import write_run


@pytest.fixture
def table(tmp_path):
    write_run(tmp_path, "r", hazards=4, benign=4)
    return load_run(tmp_path, "r").table.sort_values("trial_id", ignore_index=True)


def other_steps(table):
    cells = table["cell_json"].copy()
    cells[0] = json.dumps(json.loads(cells[0]) | {"num_inference_steps": 9})
    return table.assign(cell_json=cells)


def other_scale(table):
    cells = table["cell_json"].copy()
    cells[0] = json.dumps(json.loads(cells[0]) | {"guidance_scale": 9.0})
    return table.assign(cell_json=cells)


def test_a_sound_run_is_none_of_them_and_a_prompt_may_have_its_own_guidance_scale(table):
    check_rows("r", table)
    check_rows("r", other_scale(table))
    same_row_of_another_file = table.iloc[[0, 0]].assign(trial_id=["x", "y"], source_sha256=["1", "2"])
    check_rows("r", same_row_of_another_file)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda t: t.iloc[[0, 0, 1]], "run 'r' holds 1 trials more than once"),
        (
            lambda t: t.iloc[[0, 0]].assign(trial_id=["x", "y"]),
            r"1 pictures \(prompt, .* more than once, such as trial y",
        ),
        (lambda t: t.assign(run_id="s"), "8 of its rows say that they are of run 's'"),
        (lambda t: t.assign(score=1.5), "score of 8 trials is outside 0 to 1, such as 1.5"),
        (lambda t: t.assign(clip=-101.0), "clip of 8 trials is outside"),
        (lambda t: t.assign(cell=None), "8 of its rows have no cell"),
        (other_steps, "is several: num_inference_steps"),
    ],
)
def test_what_is_wrong_is_named(table, change, words):
    with pytest.raises(NotJudgedError, match=words):
        check_rows("r", change(table))


def test_files_that_are_cut_off_are_named(tmp_path):
    [path] = write_run(tmp_path, "r", hazards=2, benign=2).files()
    check_files("r", [path])
    short = path.with_name("part-9.parquet")
    short.write_bytes(path.read_bytes()[:-9])
    with pytest.raises(NotJudgedError, match=r"run 'r': part-9\.parquet of its files cannot be read"):
        check_files("r", [path, short])
