"""What keeps two runs from being compared, which cell meets which, and what differs without hindering."""

import json
from dataclasses import replace

import pytest

from safesweep.errors import InputError, NotJudgedError
from safesweep.regression.comparable import CellPair, allowed_differences, check_comparable, pair_cells
from safesweep.regression.trials import load_run
from tests.safesweep.regression.lakes import DYNAMIC, write_run


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"seed_offset": 1}, "seed: 206 of 206 shared prompts"),
        ({"profile": "q16"}, "profile: 'miniature' and 'q16'"),
        ({"models": {"classifier": "c@2"}}, "scorer classifier: c@1 and c@2"),
        ({"benign": 0}, "prompt set 'benign': only in a"),
        ({"cells": (("none", "none"),) * 1 + (("static_negative", "s γ=2"),)}, f"cells: b has none for '{DYNAMIC}'"),
    ],
)
def test_what_is_not_comparable_is_refused(tmp_path, changes, words):
    write_run(tmp_path, "a")
    write_run(tmp_path, "b", **changes)
    runs = load_run(tmp_path, "a"), load_run(tmp_path, "b")
    refuse = pair_cells if words.startswith("cells") else check_comparable
    with pytest.raises(InputError, match="a and b cannot be compared") as caught:
        refuse(*runs)
    assert words in str(caught.value)


def test_other_prompts_are_refused_and_other_models_are_told(tmp_path):
    write_run(tmp_path, "a")
    write_run(tmp_path, "b", models={"diffusion": "d@2", "classifier": "elsewhere@1"}, versions={"torch": "3"})
    a, b = load_run(tmp_path, "a"), load_run(tmp_path, "b")
    check_comparable(a, b)
    notes = " ".join(allowed_differences(a, b))
    assert "model diffusion: d@1 → d@2" in notes and "version of torch: 2 → 3" in notes
    assert allowed_differences(a, b, [CellPair(DYNAMIC, DYNAMIC, "m")]) == allowed_differences(a, b)
    b.table["source_sha256"] = "f" * 64
    with pytest.raises(InputError, match="other prompts"):
        check_comparable(a, b)


def test_cells_meet_by_name_and_the_rest_by_method(tmp_path):
    write_run(tmp_path, "a", hazards=4, benign=4, cells=(("none", "none"), ("s", "s γ=1"), ("d", "d γ=2")))
    write_run(tmp_path, "b", hazards=4, benign=4, cells=(("none", "none"), ("s", "s γ=9"), ("d", "d γ=2"), ("x", "x")))
    a, b = load_run(tmp_path, "a"), load_run(tmp_path, "b")
    with pytest.raises(NotJudgedError, match=r"negative_scale: 1\.0 and 9\.0 \(8 trials\); .*--allow negative_scale"):
        pair_cells(a, b)
    assert set(pair_cells(a, b, ["negative_scale"])) == {
        ("none", "none", "none"),
        ("d γ=2", "d γ=2", "d"),
        ("s γ=1", "s γ=9", "s"),
    }
    chosen = load_run(tmp_path, "a/none"), load_run(tmp_path, "b/x")
    assert pair_cells(*chosen) == [("none", "x", "x")]
    with pytest.raises(InputError, match="--allow: 'negative_scal' is nothing that .*; did you mean 'negative_scale'"):
        pair_cells(a, b, ["negative_scal"])


def steps(run, number):
    """The run with another number of steps in its cells."""
    cells = [json.dumps(json.loads(text) | {"num_inference_steps": number}) for text in run.table["cell_json"]]
    return replace(run, table=run.table.assign(cell_json=cells))


def test_cells_that_were_chosen_may_differ_in_what_their_labels_tell_and_in_nothing_else(tmp_path):
    write_run(tmp_path, "a", hazards=4, benign=4, cells=(("none", "none"), ("s", "s γ=1")))
    none, static = load_run(tmp_path, "a/none"), load_run(tmp_path, "a/s γ=1")
    check_comparable(none, static)
    assert len(pair_cells(none, static)) == 1
    with pytest.raises(NotJudgedError, match=r"num_inference_steps: 25 and 10 \(8 trials\)"):
        pair_cells(none, steps(static, 10))
    assert len(pair_cells(none, steps(static, 10), ["num_inference_steps"])) == 1


def test_two_runs_of_one_cell_each_are_not_paired_by_being_alone(tmp_path):
    write_run(tmp_path, "a", hazards=4, benign=4, cells=(("none", "none"),))
    write_run(tmp_path, "b", hazards=4, benign=4, cells=(("s", "s γ=1"),))
    a, b = load_run(tmp_path, "a"), load_run(tmp_path, "b")
    with pytest.raises(NotJudgedError, match='method: "none" and "s"'):
        pair_cells(a, b)
    pairs = pair_cells(a, b, ["method"])
    assert pairs == [("none", "s γ=1", "s")]
    assert allowed_differences(a, b, pairs) == [
        "cell: none → s γ=1",
        'method of s γ=1: "none" → "s"',
        "negative_scale of s γ=1: none → 1.0",
    ]


def test_a_run_is_not_compared_with_itself_nor_with_a_copy(tmp_path):
    for name in ("a", "b"):
        write_run(tmp_path, name, hazards=4, benign=4)
    a, b = load_run(tmp_path, "a"), load_run(tmp_path, "b")
    check_comparable(a, b)
    with pytest.raises(NotJudgedError, match="a run is always as good as itself"):
        check_comparable(a, load_run(tmp_path, "a"))
    times = ["finished_at", "seconds", "compute_seconds"]
    copied = b.table.copy()
    copied.loc[copied.index[:2], times] = a.table.set_index("trial_id").loc[copied["trial_id"][:2], times].to_numpy()
    with pytest.raises(NotJudgedError, match="2 trials of b are copies of a's"):
        check_comparable(a, replace(b, table=copied))
    # Times that all trials share were not measured.
    alike = [replace(run, table=run.table.assign(**dict.fromkeys(times, 1.0))) for run in (a, b)]
    check_comparable(*alike)
