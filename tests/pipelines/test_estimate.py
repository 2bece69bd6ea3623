"""What a run is said to take, by hand-reckoned cases."""

import json
import random
import shutil

import pytest
import ray
from diffusers import PNDMScheduler
from rich.console import Console

from jobs import eval_i2p
from pipelines.command_line import read_config, wants_plan
from pipelines.estimate import advice, estimate, estimate_service, estimate_table, plan_only, show_plan
from safesweep.engine.work import count_work
from safesweep.errors import InputError
from safesweep.files import ROOT
from safesweep.reports.gate_text import planned_gates_text
from safesweep.vlm.gate import HeldOut
from tests.pipelines.plans import ids_of, rows_of
from tests.safesweep.vlm.gates import random_gate

DYNAMIC = '{"method": "dynamic_negative", "negative_scale": [4, 8], "query_steps": [3, 5, 9]}'


@pytest.fixture
def planned(tmp_path):
    (tmp_path / "bad.csv").write_text("prompt,seed\n" + "".join(f"a red thing {i},{i}\n" for i in range(30)))
    (tmp_path / "good.csv").write_text("prompt,seed\n" + "".join(f"a blue thing {i},{i}\n" for i in range(10)))

    def make(cells: str, *options: str):
        prompts = f'["{tmp_path}/bad.csv", {{"path": "{tmp_path}/good.csv", "benign": true}}]'
        config = read_config(["--prompts", prompts, "--cells", f"[{cells}]", *options])
        return estimate(plan_only(config).plan, config), config

    return make


def test_a_plain_run_takes_two_rows_a_step_and_asks_nothing(planned):
    found, config = planned('{"method": "none"}', "--plan.rows_per_second", "100")
    assert (found.trials, found.prompts, found.cells) == (40, 40, 1)
    for case in found.cases().values():
        assert case.work.rows == case.work.rows_alone == 40 * 25 * 2
        assert case.work.questions == 0 and case.vlm_replicas == 0
        assert case.diffusion_hours == case.hours == pytest.approx(2000 / 100 / 3600)
        # nothing is awaited: as many trajectories as a batch holds
        assert case.trajectories_in_flight == config.diffusion.max_rows / 2
    assert advice(found, config) == []


def test_rows_and_questions_are_shared_until_something_is_found(planned):
    found, _ = planned(DYNAMIC, "--plan.found_share", "0.5")
    assert found.least.work.rows == 40 * 25 * 2 and found.least.work.rows_alone == 2 * 40 * 25 * 2
    assert (found.least.work.questions, found.least.work.questions_alone) == (40 * 3, 2 * 40 * 3)
    # from step 3 on two trajectories of three rows; the step of the fork still shares its rows
    dearest = 3 * 2 + 3 + 21 * 6
    assert found.most.work.rows == 40 * dearest
    assert found.most.work.rows_alone == 2 * 40 * (3 * 2 + 22 * 3)
    assert found.most.work.questions == 40 * (1 + 2 + 2) and found.most.work.pictures == 80
    # half of the 30 harmful prompts, none of the 10 benign
    assert found.expected.work.rows == pytest.approx(15 * dearest + 25 * 50)


def test_a_gate_saves_what_its_card_says_and_the_table_stays_the_upper_bound(planned, tmp_path, capsys):
    card = (HeldOut(ask_below=0.98, saved=0.6, low=0.5, high=0.8),)
    random_gate(held_out=card).save(tmp_path / "known", "")
    random_gate(1).save(tmp_path / "unknown", "")
    asking = '"method": "dynamic_negative", "negative_scale": 0, "query_steps": [3, 9, 15]'
    cell, other = (f'{{{asking}, "gate": "{tmp_path}/{name}", "audit": 0.1}}' for name in ("known", "unknown"))
    plain, _ = planned(f"{{{asking}}}")
    one, _ = planned(cell)
    assert one.expected.work.questions == plain.expected.work.questions == 120 and plain.expected.work.gated == 0
    work = one.expected.work
    assert work.gated == 120
    assert (work.saved, work.saved_low, work.saved_high) == pytest.approx((64.8, 54, 86.4))
    assert planned_gates_text(plain.expected.work) == ""
    both, config = planned(f"{cell}, {other}, {{{asking}}}")
    assert both.expected.work.questions == 360 and both.expected.work.gated == 240
    assert both.expected.work.saved == pytest.approx(64.8)
    assert show_plan(config, Console(width=200)) == 0
    assert (
        "gates    questions expected: 360 without a gate, of which a gate is shown 240; 295 with it (274 to 306), as the card says"
        in capsys.readouterr().out
    )
    assert planned_gates_text(planned(other)[0].expected.work).endswith("no gate's card has numbers of what it saves")


def test_looks_between_the_questions_are_counted(planned, tmp_path):
    random_gate().save(tmp_path / "seeing", "")
    strength = f'"strength": {{"gate": "{tmp_path}/seeing", "most": 9, "every": 5}}'
    cell = f'{{"method": "dynamic_negative", "negative_scale": 3, "query_steps": [3, 9], {strength}}}'
    found, config = planned(cell, "--plan.found_share", "0.5")
    # steps 3 and 8, 9, 14, 19 and 24 of a picture in which something is found
    assert (found.least.work.looks, found.expected.work.looks, found.most.work.looks) == (0, 15 * 6, 40 * 6)
    assert "gates look at" in str([*estimate_table(found, config).columns[0].cells])


def test_the_pool_must_answer_as_many_times_as_there_are_questions_a_picture(planned):
    speeds = ("--plan.rows_per_second", "50", "--plan.vlm_answers_per_second_per_replica", "2", "--plan.vlm_load", "1")
    cell = '{"method": "dynamic_negative", "negative_scale": 0, "query_steps": [1,2,3,4,5,6,7,8,9,10]}'
    found, config = planned(cell, *speeds, "--diffusion.actors", "3")
    case = found.expected
    pictures_a_second = 3 * 50 / (25 * 2)
    assert case.answers_per_second == pytest.approx(10 * pictures_a_second)
    assert case.vlm_replicas == 15
    # one replica sets the pace: 400 questions at two a second
    assert case.hours == pytest.approx(400 / 2 / 3600) and case.diffusion_hours < case.hours
    assert any("vlm.replicas is 1" in line and "15" in line for line in advice(found, config))


def test_trajectories_in_flight_follow_littles_law(planned):
    speeds = ("--plan.rows_per_second", "32", "--plan.vlm_seconds_per_answer", "2.5", "--diffusion.max_rows", "32")
    found, config = planned('{"method": "dynamic_negative", "negative_scale": 0, "query_steps": [3, 9]}', *speeds)
    # 16 in the batch; 32 rows a second are 16 steps, 16/25 pictures, 32/25 questions a second, each awaited 2.5 s
    assert found.expected.trajectories_in_flight == 16 + 4  # 3.2 rounded up
    assert found.expected.prompts_in_flight == 20
    few, tight = planned(
        '{"method": "dynamic_negative", "negative_scale": 0, "query_steps": [3, 9]}',
        *speeds,
        *("--diffusion.max_trajectories", "8", "--diffusion.concurrent_calls", "2", "--rows_per_block", "4"),
    )
    lines = advice(few, tight)
    assert "diffusion.max_trajectories is 8" in lines[0] and "20" in lines[0]
    assert "at most 8 prompts at a time; 5 give it 20" in lines[1]
    assert advice(found, config) == []


def test_the_lake_grows_with_pixels_and_previews(planned):
    found, config = planned('{"method": "none"}', "--plan.bytes_per_pixel", "2", "--width", "512", "--height", "256")
    assert found.least.lake_bytes == 40 * (512 * 256 * 2 + 1000)
    asking, _ = planned('{"method": "dynamic_negative", "negative_scale": 1, "query_steps": [3]}', "--width", "512")
    # the preview is 128 pixels wide and, of a picture of 512 × 64, 16 high
    assert asking.least.lake_bytes == pytest.approx(40 * (512 * 64 * 1.8 + 1000 + 128 * 16 * 0.25))
    assert config.height == 256


def test_in_the_whole_of_i2p_each_pattern_of_cells_is_walked_once(tmp_path, monkeypatch):
    draw = random.Random(0)
    rows = (
        f'"thing {i}, drawn","hate, violence",{draw.randrange(2**32)},{draw.choice([7, 7.5, 8, 9.5, 12])},512,{draw.choice([512, 768])}'
        for i in range(4703)
    )
    header = "prompt,categories,sd_seed,sd_guidance_scale,sd_image_width,sd_image_height\n"
    (tmp_path / "i2p.csv").write_text(header + "\n".join(rows) + "\n")
    config = read_config(["--prompts", f'[{{"path": "{tmp_path}/i2p.csv", "limit": 4703}}]'])
    walks = []

    def counted(cells, *, found, **options):
        walks.append((tuple(cells), found))
        return count_work(cells, found=found, **options)

    monkeypatch.setattr("pipelines.estimate.count_work", counted)
    found = estimate(plan_only(config).plan, config)
    # one walk with nothing and one with everything found: a row's own scale changes no count
    assert len(walks) == 2
    assert found.trials == 4703 * len(config.expand_cells()) and found.prompts == 4703


def test_models_need_not_be_there_but_are_named(tmp_path):
    planned = plan_only(
        read_config(["--limit", "2", "--diffusion.model", "nobody/none", "--diffusion.revision", "abc"])
    )
    [line] = planned.missing
    assert "'nobody/none' at revision abc" in line and "`hf download nobody/none --revision abc`" in line
    assert len(ids_of(planned.plan)) == 2 * 2 * len(planned.plan.cells)


def test_evaluations_are_those_of_the_checkpoints_own_scheduler_config(tmp_path):
    folder = shutil.copytree(ROOT / "miniature" / "weights" / "diffusion", tmp_path / "model")
    path = folder / "scheduler" / "scheduler_config.json"
    options = [
        "--limit",
        "1",
        "--cells",
        '[{"method": "none"}]',
        "--solver",
        "PNDMScheduler",
        "--num_inference_steps",
        "10",
    ]
    reference = PNDMScheduler(skip_prk_steps=False)
    reference.set_timesteps(10)
    steps = {}
    for skipped in (True, False):
        path.write_text(json.dumps({**json.loads(path.read_text()), "skip_prk_steps": skipped}))
        config = read_config([*options, "--diffusion.model", str(folder)])
        plan = plan_only(config).plan
        steps[skipped] = estimate(plan, config).expected.work.prompt_steps / len(rows_of(plan))
    assert steps == {True: 11, False: len(reference.timesteps)}


def test_a_mistake_is_still_a_mistake():
    with pytest.raises(InputError, match="solver: 'Magic' is not supported"):
        plan_only(read_config(["--solver", "Magic"]))


@pytest.mark.parametrize("arguments", [["--plan"], ["--plan.rows_per_second", "40"]])
def test_the_flag_and_its_options_ask_for_a_plan(arguments):
    config = read_config(["--limit", "2", *arguments])
    assert wants_plan(config) and config.limit == 2
    assert not wants_plan(read_config(["--limit", "2"]))


def test_the_job_prints_the_plan_and_starts_nothing(tmp_path, monkeypatch, capsys):
    lake = tmp_path / "lake"
    arguments = ["--plan", "--limit", "2", "--lake", str(lake), "--plan.rows_per_second", "40"]
    assert eval_i2p.COMMAND.main([*arguments, "--plan.vlm_answers_per_second_per_replica", "5"]) == 0
    printed = capsys.readouterr().out
    for label in ("trials", "network rows", "questions", "lake", "hours of 1 diffusion actor", "VLM replicas"):
        assert label in printed
    assert not ray.is_initialized() and not lake.exists()


def test_a_run_against_a_service_is_requests_and_money(tmp_path):
    (tmp_path / "p.csv").write_text("prompt,seed\na dagger,1\na leaf,2\na key,3\na key,3\n")
    cells = '[{"method": "none"}, {"method": "none", "edit": {"edit": "rewrite", "replace": [["dagger", "key"]]}}]'
    service = {
        "url": "http://u:secret@h/v1",
        "model": "m",
        "price_a_picture": 0.5,
        "requests_per_minute": 2,
        "most_requests": 3,
    }
    options = [f"--diffusion.images_api.{name}={value}" for name, value in service.items()]
    config = read_config(
        ["--prompts", str(tmp_path / "p.csv"), "--cells", cells, "--diffusion.backend=images_api", *options]
    )
    planned = plan_only(config)
    found = estimate_service(planned.plan, config, config.diffusion.service)
    # of four rows one repeats another's picture; of the three that are left one has two texts
    assert (found.trials, found.requests, found.most_requests) == (8, 4, 20)
    assert found.money == 2.0 and found.hours == pytest.approx(2 / 60)
    assert planned.missing == planned.tokens == ()
    console = Console(width=100, record=True)
    assert show_plan(config, console) == 0
    text = console.export_text()
    assert "advice   most_requests is 3: the run ends before it is done, and takes 2 starts" in text
    assert "network rows" not in text and "secret" not in text


def test_what_a_service_cannot_be_tried_with_is_refused_by_the_plan_too(tmp_path):
    (tmp_path / "p.csv").write_text("prompt\na dagger\n")
    service = [
        "--diffusion.backend=images_api",
        "--diffusion.images_api.url=http://h/v1",
        "--diffusion.images_api.model=m",
    ]
    cells = '[{"method": "static_negative", "negative_scale": 4, "negative_prompt": "x"}]'
    config = read_config(["--prompts", str(tmp_path / "p.csv"), "--cells", cells, *service])
    with pytest.raises(InputError, match="method 'static_negative' guides the network's steps"):
        plan_only(config)
    with pytest.raises(InputError, match="diffusion.*actors: found 2; allowed with backend images_api: 1"):
        read_config(["--prompts", str(tmp_path / "p.csv"), *service, "--diffusion.actors=2"])
