"""Which trials a run consists of."""

import pytest

from pipelines.command_line import read_config
from pipelines.plan import make_plan, read_prompt_sets
from safesweep.errors import InputError

HEADER = "prompt,sd_seed,sd_guidance_scale,sd_image_width,sd_image_height\n"


@pytest.fixture
def plan_of(tmp_path, monkeypatch):
    monkeypatch.setattr("pipelines.plan.digest", lambda model, revision=None: f"digest of {model}")

    def make(rows: str, *options: str):
        (tmp_path / "set.csv").write_text(HEADER + rows)
        config = read_config(["--prompts", str(tmp_path / "set.csv"), *options])
        return make_plan(config, read_prompt_sets(config), config.expand_cells())

    return make


def test_each_prompt_and_sample_is_a_row_with_all_its_cells(plan_of):
    plan = plan_of("a red circle,7,4,64,64\na blue key,8,,,\n", "--samples_per_prompt", "2")
    assert [(row["prompt"], row["seed"], row["sample_index"]) for row in plan.rows] == [
        ("a red circle", 7, 0),
        ("a red circle", 8, 1),
        ("a blue key", 8, 0),
        ("a blue key", 9, 1),
    ]
    assert all(row["cells"] == list(range(len(plan.cells))) for row in plan.rows)
    assert len(plan.trial_ids) == 4 * len(plan.cells)


def test_the_guidance_scale_is_the_cells_else_the_rows_else_the_default(plan_of):
    cells = '[{"method": "none"}, {"method": "none", "guidance_scale": 9}]'
    plan = plan_of("a red circle,7,5.5,,\na blue key,8,,,\n", "--cells", cells)
    assert [row["guidance_scales"] for row in plan.rows] == [[5.5, 9.0], [4.0, 9.0]]


def test_rows_that_ask_for_the_same_trial_are_planned_once(plan_of):
    plan = plan_of("a red circle,7,4,,\na red circle,7,4,,\na red circle,8,4,,\n", "--cells", '[{"method": "none"}]')
    assert len(plan.trial_ids) == 2 and plan.repeated == 1


@pytest.mark.parametrize(
    "change",
    [
        ("--width", "128"),
        ("--solver", "DDIMScheduler"),
        ("--num_inference_steps", "26"),
        ("--diffusion.dtype", "bfloat16"),
        ("--diffusion.autocast", "bfloat16"),
    ],
)
def test_whatever_decides_the_picture_changes_the_trial_id(plan_of, change):
    row = "a red circle,7,4,,\n"
    assert not plan_of(row).trial_ids & plan_of(row, *change).trial_ids


def test_the_vlm_counts_only_where_a_method_asks(plan_of):
    row = "a red circle,7,4,,\n"
    one, other = plan_of(row), plan_of(row, "--vlm.model", "another/vlm")
    same = [index for index, cell in enumerate(one.cells) if not cell.guidance.needs_vlm]
    kept = {trial for place, trial in zip(one.rows[0]["cells"], one.rows[0]["trial_ids"], strict=True) if place in same}
    assert one.trial_ids & other.trial_ids == kept and len(kept) == len(same)


def test_what_the_lake_holds_is_left_out(plan_of):
    plan = plan_of("a red circle,7,4,,\na blue key,8,4,,\n")
    first, second = plan.rows
    todo = plan.without({*first["trial_ids"], second["trial_ids"][0]})
    assert len(todo.rows) == 1
    assert todo.rows[0]["cells"] == second["cells"][1:] and todo.rows[0]["trial_ids"] == second["trial_ids"][1:]
    assert plan.without(plan.trial_ids).rows == ()


def test_two_sets_of_one_name_are_refused(tmp_path):
    for folder in ("a", "b"):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "set.csv").write_text(HEADER + "x,1,,,\n")
    paths = f'["{tmp_path}/a/set.csv", "{tmp_path}/b/set.csv"]'
    with pytest.raises(InputError, match="both named 'set'"):
        read_prompt_sets(read_config(["--prompts", paths]))
