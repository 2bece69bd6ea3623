"""What a run and its cells were set to, against what was written."""

import pytest

from safesweep.errors import InputError
from safesweep.reports.settings import benign_sets, cell_settings, pick_run
from tests.safesweep.reports.lake import RUN, write_lake


def test_cells_have_the_numbers_that_their_trials_were_made_with(lake):
    found = cell_settings(lake, RUN)
    static = found["static_negative", "static_negative γ=7.5"]
    assert static.values == {
        "method": "static_negative",
        "negative_scale": "7.5",
        "vocabulary": "toy",
        "negative_prompt": "dagger, skull",
        "guidance_scale": "4",
        "num_inference_steps": "10",
        "solver": "DDIMScheduler",
    }
    assert (static.constant_negative, static.negates) == ("dagger, skull", True)
    off = found["dynamic_negative", "dynamic_negative γ=0"]
    assert (off.constant_negative, off.negates) == (None, False)
    broken = found["broken", "broken <i>cell</i>"].values
    assert (broken["edit.edit"], broken["edit.rank"]) == ("safe_region", "4")


def test_prompts_own_guidance_scales_are_shown_as_a_range(tmp_path):
    write_lake(tmp_path, change=lambda row: {**row, "guidance_scale": 5.0 + row["seed"] % 3})
    values = cell_settings(tmp_path, RUN)["none", "none"].values
    assert values["guidance_scale"] == "5 to 7"


def test_the_only_run_needs_no_name(tmp_path, lake):
    assert pick_run(lake, None) == RUN and pick_run(lake, "other") == "other"
    with pytest.raises(InputError, match="no such folder"):
        pick_run(tmp_path / "none", None)
    with pytest.raises(InputError, match="but the lake has none"):
        pick_run(tmp_path, None)
    for name in ("a", "b"):
        write_lake(tmp_path, run_id=name)
    with pytest.raises(InputError, match="a run's name is needed, one of a, b"):
        pick_run(tmp_path, None)


def test_benign_sets_are_the_manifests_or_those_of_the_trials(lake):
    assert benign_sets(lake, RUN, {"benign_sets": ["z", "a"]}) == ["a", "z"]
    assert benign_sets(lake, RUN, {}) == ["benign"]
