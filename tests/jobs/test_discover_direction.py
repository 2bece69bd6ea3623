"""jobs/discover_direction.py as a user starts it: it finds, says, stops and goes on; mistakes are one line and nothing is begun."""

import os
import re
import time
from pathlib import Path

import pytest
import torch
import yaml
from PIL import Image

from jobs.discover_direction import COMMAND
from pipelines.command_line import read_config
from pipelines.discovery import CURVE, LEASE, STATE
from pipelines.discovery_config import DiscoveryConfig
from safesweep.cli.presets import PRESETS
from safesweep.guidance.cell import Cell
from safesweep.guidance.direction import CONFIG, WEIGHTS, Direction
from safesweep.guidance.recipe import Recipe
from safesweep.lake.lease import Place, hold
from safesweep.prompts.reader import read_prompts
from tests.jobs.conftest import kill
from tests.marks import STARTS_RAY
from tests.random_models import random_pipeline

SCRIPT = Path(__file__).resolve().parents[2] / "jobs" / "discover_direction.py"
DISCOVERIES = sorted(path.stem for path in PRESETS.glob("discover-*.yaml"))
SHORT = ["--recipe.rounds=3", "--recipe.num_inference_steps=3", "--recipe.pictures=1", "--diffusion.threads=1"]


@pytest.fixture(scope="module")
def random_model(tmp_path_factory) -> str:
    """A pipeline's folder with random weights."""
    folder = tmp_path_factory.mktemp("model")
    random_pipeline().save_pretrained(folder)
    return str(folder)


@pytest.mark.parametrize("preset", DISCOVERIES)
def test_every_discovery_preset_is_valid(preset):
    config = read_config(["--preset", preset], DiscoveryConfig)
    assert config.name and config.recipe.prompts


def test_the_reference_preset_has_the_released_settings():
    config = read_config(["--preset", "discover-sd14-reference"], DiscoveryConfig)
    recipe = config.recipe
    terms = recipe.concept.split(", ")
    assert recipe.prompts == (f"an image of {recipe.concept}",)
    assert "nude" in terms and "humiliation" in terms and "suicide" in terms and len(terms) == 21
    reference = Recipe(prompts=recipe.prompts, concept=recipe.concept)
    assert recipe == reference, "the recipe's defaults are the reference's"
    assert config.diffusion.model == "CompVis/stable-diffusion-v1-4" and config.diffusion.dtype == "float32"
    run = yaml.safe_load((PRESETS / "responsible-reference.yaml").read_text())
    assert run["cells"][1]["edit"]["direction"] == config.name
    assert run["diffusion"]["revision"] == config.diffusion.revision


def test_the_miniatures_discovery_saw_no_committed_prompt():
    for preset in (name for name in DISCOVERIES if name.startswith("discover-miniature")):
        recipe = read_config(["--preset", preset], DiscoveryConfig).recipe
        pictures = recipe.rounds * recipe.pictures * (2 if recipe.harmless else 1)
        seeds = range(recipe.first_seed, recipe.first_seed + pictures)
        for name in ("hazard", "benign", "professions"):
            prompts = read_prompts(f"miniature/prompts/{name}.csv").prompts
            assert not {*recipe.prompts, *recipe.harmless} & {prompt.text for prompt in prompts}, name
            # the evaluation takes at most 100 seeds from a row's own on
            assert not any(prompt.seed <= seed < prompt.seed + 100 for prompt in prompts for seed in seeds), name


@pytest.fixture
def attempt(tmp_path, monkeypatch, capsys):
    """Runs the job in this process; fails the test if it would start Ray."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("pipelines.discovery.cluster", lambda *_: pytest.fail("the job went on to start a cluster"))

    def run(*options: str) -> str:
        assert COMMAND.main(list(options)) == 2
        [line] = capsys.readouterr().err.strip().splitlines()
        assert line.startswith("error: ")
        return line

    return run


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--recipe.ranks", "2"], r"--recipe.ranks: unknown option; did you mean 'recipe.rank'"),
        (["--recipe.kind", "both"], "recipe.kind"),
        (["--recipe.start_step", "25"], "recipe.start_step: step 25 is beyond the last of 25 steps, 24"),
        (["--recipe.solver", "Heun"], "recipe.solver: 'Heun' is not supported"),
        (["--recipe.learning_rate", "0"], "recipe.learning_rate"),
        (["--diffusion.model", "nowhere"], "model folder 'nowhere' does not exist"),
        (["--name", "a/b"], "name"),
        (["--out", "file"], "out: file is a file"),
    ],
)
def test_a_mistake_is_one_line(attempt, options, message, tmp_path):
    (tmp_path / "file").write_text("")
    assert re.search(message, attempt(*options))
    assert not (tmp_path / "directions").exists()


def test_a_name_that_is_taken_is_refused(attempt, tmp_path, random_model):
    other = (torch.zeros(24, 1), torch.ones(96, 1))
    Direction("hazard", "shift", other).save(tmp_path / "directions" / "hazard")
    assert "another recipe or model" in attempt("--diffusion.model", random_model)


def test_a_direction_that_another_process_writes_is_refused_by_name(attempt, tmp_path, random_model):
    out = Path("directions")
    with hold(Place(out / "hazard" / LEASE, "name", "it", out)):
        line = attempt("--diffusion.model", random_model, *SHORT)
    assert f"name: direction 'hazard' is being written to directions by process {os.getpid()} on " in line
    assert "choose another name, or give this start time with wait_for_lease_s" in line
    assert not (tmp_path / "directions" / "hazard").exists()


@pytest.fixture
def start(launch, tmp_path, random_model):
    """Starts a short discovery in a folder of its own."""

    def begin(*options, folder="here"):
        return launch("discover_direction", "--diffusion.model", random_model, *SHORT, *options, cwd=tmp_path / folder)

    return begin


@STARTS_RAY
@pytest.mark.timeout(600)
def test_a_killed_discovery_goes_on_and_ends_as_an_undisturbed_one(start, tmp_path):
    slowly = ("--recipe.rounds=40",)
    whole = start(*slowly, folder="whole")
    assert whole.wait(timeout=280) == 0, whole.log.read_text()[-3000:]
    folder = tmp_path / "whole" / "directions" / "hazard"
    assert sorted(path.name for path in folder.iterdir()) == sorted([CONFIG, WEIGHTS, CURVE])
    assert Image.open(folder / CURVE).size[0] > 400
    found = Direction.load(str(folder))
    assert found.kind == "conditional" and found.rank == 4 and found.recipe["rounds"] == 40
    log = whole.log.read_text()
    assert "round 40 of 40: loss" in log and '"edit": "conditional_region"' in log and "Miniature:" in log
    edit = {"edit": "conditional_region", "direction": str(folder)}
    assert Cell(guidance={"method": "none"}, edit=edit, solver="DDIMScheduler", num_inference_steps=2)

    killed = start(*slowly, folder="killed")
    state = tmp_path / "killed" / "directions" / "hazard" / STATE
    deadline = time.monotonic() + 200
    while not state.exists() and time.monotonic() < deadline:
        assert killed.poll() is None, killed.log.read_text()[-3000:]
        time.sleep(0.02)
    assert state.with_name(LEASE).exists()
    kill(killed)
    before = torch.load(state, weights_only=True)["rounds_done"]
    assert 0 < before < 40
    again = start(*slowly, folder="killed")
    assert again.wait(timeout=280) == 0, again.log.read_text()[-3000:]
    assert Direction.load(str(state.parent)).digest == found.digest and not state.exists()

    third = start(*slowly, folder="killed")
    assert third.wait(timeout=100) == 0 and "holds this direction already" in third.log.read_text()


@STARTS_RAY
@pytest.mark.timeout(300)
def test_a_loss_that_runs_away_is_one_line_and_exit_code_2(start):
    job = start("--recipe.learning_rate=1e30")
    assert job.wait(timeout=280) == 2, job.log.read_text()[-3000:]
    assert "error: recipe: the loss is not finite in round" in job.log.read_text()
