"""Which trials a run consists of."""

import json

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


def test_rows_that_ask_for_one_picture_are_trials_of_their_own_and_one_request(plan_of):
    plan = plan_of("a red circle,7,4,,\na red circle,7,4,,\na red circle,8,4,,\n", "--cells", '[{"method": "none"}]')
    assert len(plan.rows) == 3 and len(plan.trial_ids) == 3 and plan.repeated == 1
    first, second = plan.requests()
    assert (first["prompt_row"], second["prompt_row"]) == (0, 2) and second["repeats"] == "[]"
    [repeat] = json.loads(first["repeats"])
    assert (repeat["prompt_row"], repeat["place"], repeat["trial_id"]) == (1, 0, plan.rows[1]["trial_ids"][0])
    assert first["trial_ids"] == first["pictures"] == plan.rows[1]["pictures"]


def test_a_repeat_stands_with_the_cell_that_it_repeats(plan_of):
    cells = '[{"method": "none"}, {"method": "none", "guidance_scale": 9}]'
    plan = plan_of("a red circle,7,4,,\na red circle,7,5,,\n", "--cells", cells)
    first, second = plan.requests()
    assert (first["cells"], second["cells"]) == ([0, 1], [0])
    assert [repeat["place"] for repeat in json.loads(first["repeats"])] == [1] and second["repeats"] == "[]"


def test_a_repeat_that_is_left_alone_is_a_request(plan_of):
    plan = plan_of("a red circle,7,4,,\n" * 3, "--cells", '[{"method": "none"}]')
    [request] = plan.without({plan.rows[0]["trial_ids"][0]}).requests()
    assert request["prompt_row"] == 1 and [r["prompt_row"] for r in json.loads(request["repeats"])] == [2]


def test_a_trial_keeps_the_row_that_the_lake_has_it_for(plan_of, tmp_path):
    """A row that is put before, or a higher limit, brings repeats in front of what is held."""
    cells = ("--cells", '[{"method": "none"}]')
    plan = plan_of("a key,1,,,\na red circle,7,4,,\n", *cells)
    held = plan.rows[1]["trial_ids"][0]
    (tmp_path / "set.csv").write_text(HEADER + "a red circle,7,4,,\na red circle,7,4,,\n")
    config = read_config(["--prompts", str(tmp_path / "set.csv"), *cells])
    sets = read_prompt_sets(config)
    alone = make_plan(config, sets, config.expand_cells())
    assert alone.rows[0]["trial_ids"] == [held]
    resumed = make_plan(config, sets, config.expand_cells(), holders=lambda asked: {held: ("set", "set.csv", 1, 0)})
    assert resumed.rows[1]["trial_ids"] == [held] != resumed.rows[0]["trial_ids"]
    assert [row["prompt_row"] for row in resumed.without({held}).rows] == [0]


def test_a_run_of_too_many_trials_is_refused(plan_of):
    with pytest.raises(InputError, match="max_trials: 2 prompts × 3 samples × 4 cells are 24 trials; allowed: 23"):
        plan_of("a,1,,,\nb,2,,,\n", "--samples_per_prompt", "3", "--max_trials", "23")


def test_what_was_not_taken_is_said(plan_of):
    assert plan_of("a,1,,,\nb,2,,,\nc,3,,,\n", "--limit", "2").notes == ("set.csv: 2 of 3 rows (limit)",)


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
