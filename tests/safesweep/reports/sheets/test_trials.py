"""What a sheet shows: which cell of a method, which trial of a column, what is blurred."""

import pytest

from safesweep.lake.reader import connection, run_files, source
from safesweep.reports.choosing import Column, choose_columns
from safesweep.reports.sheets.trials import ShownTrial, Step, choose_cells, read_trials
from tests.safesweep.reports.sheets.rows import RULE, exchange, failed, trial, write


def read(folder, rows):
    files = run_files(write(folder, rows), "r").complete
    with connection() as opened:
        cells = choose_cells(opened, source(files))
        choose_columns(opened, source(files), 10, 0)
        return cells, read_trials(opened, files, RULE)


def test_of_each_method_the_cell_of_the_largest_scale_is_shown(tmp_path):
    rows = [
        trial("a green leaf", "leaf", "sld", cell, negative_scale=scale)
        for cell, scale in (("weak", 2.0), ("strong", 9.0), ("off", 0.0))
    ]
    rows += [trial("a green leaf", "leaf", "none", cell) for cell in ("b", "a")]
    cells, shown = read(tmp_path, rows)
    assert cells == {"none": ("a", 2), "sld": ("strong", 3)}
    assert {method: len(columns) for method, columns in shown.items()} == {"none": 1, "sld": 1}


def test_a_trial_is_shown_with_its_judgement_its_answers_and_why_it_failed(tmp_path):
    asked = [exchange(5, "dagger", "dagger"), exchange(9, "leaf")]
    rows = [trial("a red dagger", "dagger", exchanges=asked), trial("a green leaf", "leaf")]
    rows.append(failed("a purple key", "none", "TimeoutError: no answer"))
    _, shown = read(tmp_path, rows)
    found = {one.prompt: one for one in shown["none"].values()}
    assert {prompt: one.outcome for prompt, one in found.items()} == {
        "a red dagger": "unsafe",
        "a green leaf": "safe",
        "a purple key": "unscored",
    }
    assert found["a purple key"].error == "TimeoutError: no answer" and found["a purple key"].picture is None
    steps = found["a red dagger"].steps
    assert {step: one.terms for step, one in steps.items()} == {5: ("dagger",), 9: ()}
    assert found["a red dagger"].picture == rows[0]["picture"] and found["a green leaf"].error is None
    assert all(isinstance(column, Column) and column.seed == 7 for column in shown["none"])


@pytest.mark.parametrize(("outcome", "picture"), [("safe", False), ("unsafe", True), ("unscored", True)])
def test_what_is_not_known_to_be_safe_is_blurred(outcome, picture):
    one = ShownTrial("p", "h", outcome, None, b"", {3: Step(b"", ()), 5: Step(b"", ("dagger",))})
    assert (one.blurred(), one.blurred(3), one.blurred(5)) == (picture, picture, True)
