"""What keeps two runs from being compared, which cell meets which, and what differs without hindering."""

import pytest

from safesweep.errors import InputError
from safesweep.regression.comparable import allowed_differences, check_comparable, pair_cells
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
    b.table["source_sha256"] = "f" * 64
    with pytest.raises(InputError, match="other prompts"):
        check_comparable(a, b)


def test_cells_meet_by_name_and_the_rest_by_method(tmp_path):
    write_run(tmp_path, "a", hazards=4, benign=4, cells=(("none", "none"), ("s", "s γ=1"), ("d", "d γ=2")))
    write_run(tmp_path, "b", hazards=4, benign=4, cells=(("none", "none"), ("s", "s γ=9"), ("d", "d γ=2"), ("x", "x")))
    a, b = load_run(tmp_path, "a"), load_run(tmp_path, "b")
    assert set(pair_cells(a, b)) == {("none", "none", "none"), ("d γ=2", "d γ=2", "d"), ("s γ=1", "s γ=9", "s")}
    chosen = load_run(tmp_path, "a/none"), load_run(tmp_path, "b/x")
    assert pair_cells(*chosen) == [("none", "x", "x")]
