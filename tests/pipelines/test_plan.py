"""Which trials a run consists of."""

import json
import random

import pytest

from pipelines.command_line import read_config
from pipelines.plan import make_plan
from pipelines.prompt_sets import read_prompt_sets
from safesweep.errors import InputError
from tests.pipelines.plans import ids_of, less, rows_of

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
    assert [(row["prompt"], row["seed"], row["sample_index"]) for row in rows_of(plan)] == [
        ("a red circle", 7, 0),
        ("a red circle", 8, 1),
        ("a blue key", 8, 0),
        ("a blue key", 9, 1),
    ]
    assert all(row["cells"] == list(range(len(plan.cells))) for row in rows_of(plan))
    assert len(ids_of(plan)) == 4 * len(plan.cells)


def test_the_guidance_scale_is_the_cells_else_the_rows_else_the_default(plan_of):
    cells = '[{"method": "none"}, {"method": "none", "guidance_scale": 9}]'
    plan = plan_of("a red circle,7,5.5,,\na blue key,8,,,\n", "--cells", cells)
    assert [row["guidance_scales"] for row in rows_of(plan)] == [[5.5, 9.0], [4.0, 9.0]]


def test_rows_that_ask_for_one_picture_are_trials_of_their_own_and_one_request(plan_of):
    plan = plan_of("a red circle,7,4,,\na red circle,7,4,,\na red circle,8,4,,\n", "--cells", '[{"method": "none"}]')
    assert len(rows_of(plan)) == 3 and len(ids_of(plan)) == 3 and plan.repeated == 1
    first, second = plan.requests()
    assert (first["prompt_row"], second["prompt_row"]) == (0, 2) and second["repeats"] == "[]"
    [repeat] = json.loads(first["repeats"])
    assert (repeat["prompt_row"], repeat["place"], repeat["trial_id"]) == (1, 0, rows_of(plan)[1]["trial_ids"][0])
    assert first["trial_ids"] == first["pictures"] == rows_of(plan)[1]["pictures"]


def test_a_repeat_stands_with_the_cell_that_it_repeats(plan_of):
    cells = '[{"method": "none"}, {"method": "none", "guidance_scale": 9}]'
    plan = plan_of("a red circle,7,4,,\na red circle,7,5,,\n", "--cells", cells)
    first, second = plan.requests()
    assert (first["cells"], second["cells"]) == ([0, 1], [0])
    assert [repeat["place"] for repeat in json.loads(first["repeats"])] == [1] and second["repeats"] == "[]"


def test_a_repeat_that_is_left_alone_is_a_request(plan_of):
    plan = plan_of("a red circle,7,4,,\n" * 3, "--cells", '[{"method": "none"}]')
    [request] = less(plan, {rows_of(plan)[0]["trial_ids"][0]}).requests()
    assert request["prompt_row"] == 1 and [r["prompt_row"] for r in json.loads(request["repeats"])] == [2]


def test_a_trial_keeps_the_row_that_the_lake_has_it_for(plan_of, tmp_path):
    """A row that is put before, or a higher limit, brings repeats in front of what is held."""
    cells = ("--cells", '[{"method": "none"}]')
    plan = plan_of("a key,1,,,\na red circle,7,4,,\n", *cells)
    held = rows_of(plan)[1]["trial_ids"][0]
    (tmp_path / "set.csv").write_text(HEADER + "a red circle,7,4,,\na red circle,7,4,,\n")
    config = read_config(["--prompts", str(tmp_path / "set.csv"), *cells])
    sets = read_prompt_sets(config)
    alone = make_plan(config, sets, config.expand_cells())
    assert rows_of(alone)[0]["trial_ids"] == [held]
    resumed = make_plan(config, sets, config.expand_cells(), holders=lambda asked: {held: ("set", "set.csv", 1, 0)})
    assert rows_of(resumed)[1]["trial_ids"] == [held] != rows_of(resumed)[0]["trial_ids"]
    assert [row["prompt_row"] for row in rows_of(less(resumed, {held}))] == [0]


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
    assert not ids_of(plan_of(row)) & ids_of(plan_of(row, *change))


def test_the_vlm_counts_only_where_a_method_asks(plan_of):
    row = "a red circle,7,4,,\n"
    one, other = plan_of(row), plan_of(row, "--vlm.model", "another/vlm")
    same = [index for index, cell in enumerate(one.cells) if not cell.guidance.needs_vlm]
    kept = {
        trial
        for place, trial in zip(rows_of(one)[0]["cells"], rows_of(one)[0]["trial_ids"], strict=True)
        if place in same
    }
    assert ids_of(one) & ids_of(other) == kept and len(kept) == len(same)


def test_what_the_lake_holds_is_left_out(plan_of):
    plan = plan_of("a red circle,7,4,,\na blue key,8,4,,\n")
    first, second = rows_of(plan)
    todo = less(plan, {*first["trial_ids"], second["trial_ids"][0]})
    assert len(rows_of(todo)) == 1
    assert rows_of(todo)[0]["cells"] == second["cells"][1:] and rows_of(todo)[0]["trial_ids"] == second["trial_ids"][1:]
    assert not less(plan, ids_of(plan)).trials


def test_two_sets_of_one_name_are_refused(tmp_path):
    for folder in ("a", "b"):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "set.csv").write_text(HEADER + "x,1,,,\n")
    paths = f'["{tmp_path}/a/set.csv", "{tmp_path}/b/set.csv"]'
    with pytest.raises(InputError, match="both named 'set'"):
        read_prompt_sets(read_config(["--prompts", paths]))


def plain_plan(config, prompts, model, vlm):
    """Row by row, with nothing kept in a file: (prompt row, sample, cell) -> what decides its picture."""
    found = {}
    for prompt, _ in prompts:
        for sample in range(config.samples_per_prompt):
            seen = set()
            for index, cell in enumerate(config.expand_cells()):
                scale = config.guidance_scale if prompt.guidance_scale is None else prompt.guidance_scale
                own = cell.resolve(scale)
                asked = vlm if own.guidance.needs_vlm else None
                size = prompt.width or config.width, prompt.height or config.height
                picture = (own.canonical_json(), prompt.text, prompt.seed + sample, size, model, asked)
                if picture not in seen:
                    found[prompt.row, sample, index] = picture
                seen.add(picture)
    return found


@pytest.mark.parametrize("rows_a_batch", [3, 8192])
def test_a_plan_is_that_of_a_plain_loop_whatever_was_held(plan_of, monkeypatch, rows_a_batch):
    monkeypatch.setattr("safesweep.prompts.batches.ROWS", rows_a_batch)
    draw = random.Random(0)
    lines = [
        f"{draw.choice('abcd')},{draw.randint(1, 6)},{draw.choice(['', 4, 5, 9])},{draw.choice(['', 64, 128])},\n"
        for _ in range(40)
    ]
    cells = '[{"method": "none"}, {"method": "none", "guidance_scale": 9}, {"method": "dynamic_negative", "negative_scale": 5}]'
    plan = plan_of("".join(lines), "--cells", cells, "--samples_per_prompt", "2")
    config = read_config(["--prompts", "x", "--cells", cells, "--samples_per_prompt", "2"])
    wanted = plain_plan(config, plan.prompts.prompts(), plan.names.model, plan.names.vlm)
    line = {(row["prompt_row"], row["sample_index"]): row for row in plan.rows()}
    ids = {
        (*at, cell): trial
        for at, row in line.items()
        for cell, trial in zip(row["cells"], row["trial_ids"], strict=True)
    }
    assert ids.keys() == wanted.keys() and len(set(ids.values())) == len(ids) == plan.trials
    pictures = {
        (*at, cell): one for at, row in line.items() for cell, one in zip(row["cells"], row["pictures"], strict=True)
    }
    for one in wanted:
        for other in wanted:
            assert (pictures[one] == pictures[other]) == (wanted[one] == wanted[other])
    assert plan.repeated == len(wanted) - len(set(wanted.values()))
    assert plan.steps == sum(plan.cells[cell].num_inference_steps for *_, cell in wanted)
    steps = {}
    made = set()
    for _ in range(4):  # the lake holds more and more of it
        made |= set(draw.sample(sorted(ids.values()), 40))
        for todo in (less(plan, made), less(less(plan, list(made)[:20]), made)):
            left = {
                (row["prompt_row"], row["sample_index"], cell): trial
                for row in todo.rows()
                for cell, trial in zip(row["cells"], row["trial_ids"], strict=True)
            }
            assert left == {at: trial for at, trial in ids.items() if trial not in made}
            assert todo.trials == len(left) and todo.prompt_samples == len({at[:2] for at in left})
            assert todo.steps == sum(plan.cells[cell].num_inference_steps for *_, cell in left)
            asked = list(todo.requests())
            computed = [trial for row in asked for trial in row["trial_ids"]]
            repeats = [one["trial_id"] for row in asked for one in json.loads(row["repeats"])]
            assert sorted([*computed, *repeats]) == sorted(left.values())
            steps[len(left)] = len(computed)
            assert len(computed) == len({pictures[at] for at in left})
    assert len(steps) > 1


def test_two_prompts_are_not_kept_in_mind_for_having_one_text(plan_of):
    plan = plan_of("a,1,4,,\na,2,4,,\nb,1,4,,\na,1,4,128,\n")
    assert plan.shared == () and not len(plan.sharing)
