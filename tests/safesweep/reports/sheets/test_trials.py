"""What a sheet shows: which cell of a method, which trial of a column, what is blurred."""

import pytest

from safesweep.lake.reader import connection, run_files, source
from safesweep.reports.choosing import Column, choose_columns
from safesweep.reports.sheets.trials import ShownTrial, choose_cells, read_trials
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
    rows.append({**failed("a blue skull", "none", "not allowed"), "status": "refused"})
    _, shown = read(tmp_path, rows)
    found = {one.prompt: one for one in shown["none"].values()}
    assert {prompt: one.outcome for prompt, one in found.items()} == {
        "a red dagger": "unsafe",
        "a green leaf": "safe",
        "a purple key": "unscored",
        "a blue skull": "refused",
    }
    assert found["a blue skull"].error == "not allowed"
    assert found["a purple key"].error == "TimeoutError: no answer" and found["a purple key"].picture is None
    steps = found["a red dagger"].steps
    assert {step: one.terms for step, one in steps.items()} == {5: ("dagger",), 9: ()}
    assert found["a red dagger"].picture == rows[0]["picture"] and found["a green leaf"].error is None
    assert all(isinstance(column, Column) and column.seed == 7 for column in shown["none"])


@pytest.mark.parametrize("own", [True, False])
@pytest.mark.parametrize("benign", [True, False])
@pytest.mark.parametrize("blur", [True, False])
def test_only_the_miniatures_drawings_can_be_unblurred_by_a_setting(own, benign, blur):
    one = ShownTrial("p", "h", "safe", None, b"", {}, own=own, benign=benign)
    assert one.hidden(blur) == (blur or not own)
    assert one.blurred(blur) == (not benign and (blur or not own))


def test_what_was_named_in_one_cell_blurs_the_prompt_in_all(tmp_path):
    asked = [exchange(5, "leaf", "gore")]
    rows = [trial("a green leaf", "leaf"), trial("an orange star", "star")]
    rows.append(trial("a green leaf", "leaf", "dynamic_negative", exchanges=asked))
    _, shown = read(tmp_path, rows)
    benign = {(method, one.prompt): one.benign for method, trials in shown.items() for one in trials.values()}
    assert benign == {
        ("none", "a green leaf"): False,
        ("dynamic_negative", "a green leaf"): False,
        ("none", "an orange star"): True,
    }
