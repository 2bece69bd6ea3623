"""Cells of several checkpoints in one engine: pictures are those of each checkpoint alone, and each model is made as rarely as fits."""

from dataclasses import replace

import pytest
import torch

from safesweep.engine.config import EngineConfig
from safesweep.engine.counters import Counters
from safesweep.engine.models import Models
from safesweep.errors import InputError
from safesweep.guidance.cell import Cell
from safesweep.models.base import DiffusionModel
from safesweep.models.stable_diffusion import StableDiffusion
from safesweep.models.variants.checkpoint import Checkpoint
from tests.safesweep.engine_runs import Recording
from tests.safesweep.models.variants.made import changed_pipeline, checkpoint, save_lora
from tests.safesweep.tiny import EXACT, at_once, cell, job, run, tiny_pipeline


@pytest.fixture(scope="module")
def checkpoints(tmp_path_factory) -> list[Checkpoint]:
    folder = tmp_path_factory.mktemp("checkpoints")
    for seed in (1, 2, 3):
        torch.save(changed_pipeline(seed).unet.state_dict(), folder / f"net-{seed}.pt")
    lora = save_lora(folder / "lora")
    return [
        *(checkpoint(network=folder / f"net-{seed}.pt") for seed in (1, 2, 3)),
        checkpoint(loras=[{"path": str(lora), "scale": 0.5}]),
        checkpoint(loras=[{"path": str(lora), "scale": 0}]),
    ]


def on(made: Cell, put: Checkpoint | None) -> Cell:
    return made.model_copy(update={"checkpoint": put})


def pictures(made) -> list[list[bytes]]:
    return [[one.picture.tobytes() for one in results] for results in made.results]


def test_every_cell_s_picture_is_that_of_its_checkpoint_alone(checkpoints):
    methods = (cell("none"), cell("static_negative"), cell("dynamic_negative"))
    cells = [on(method, put) for put in (None, *checkpoints) for method in methods]
    together = pictures(run([job(*cells), job(*cells, seed=8)], ask=at_once, model=StableDiffusion(tiny_pipeline())))
    for place, put in enumerate((None, *checkpoints)):
        base = StableDiffusion(tiny_pipeline())
        model = base if put is None else base.with_checkpoint(put)
        alone = pictures(run([job(*methods), job(*methods, seed=8)], ask=at_once, model=model))
        assert [one[3 * place : 3 * place + 3] for one in together] == alone
    [first, *_] = together
    assert first[-3:] == first[:3], "a LoRA at scale 0 is the base"
    assert len({*first[:15:3]}) == 5, "each checkpoint draws otherwise"


@pytest.mark.parametrize(("most", "loads"), [(5, 5), (2, 5), (1, 5)])
def test_requests_that_are_there_together_load_each_checkpoint_once(most, loads, checkpoints):
    cells = [on(cell("none"), put) for put in (None, *checkpoints)]
    jobs = [job(*cells, seed=seed) for seed in range(6)]
    wanted = pictures(run(jobs, model=StableDiffusion(tiny_pipeline())))
    made = run(jobs, replace(EXACT, most_checkpoints=most), model=StableDiffusion(tiny_pipeline()))
    # the first request may be begun before the others are there
    assert loads <= made.counters.checkpoints_loaded <= (loads if most >= 5 else loads + most)
    assert pictures(made) == wanted


def test_cells_of_one_checkpoint_share_their_steps_and_others_share_nothing(checkpoints):
    both = [cell("none"), cell("static_negative", negative_scale=0.0)]
    put = checkpoints[0]
    shared = run([job(*(on(one, put) for one in both))], model=StableDiffusion(tiny_pipeline()))
    base = run([job(*both)], model=StableDiffusion(tiny_pipeline()))
    assert shared.counters.rows == base.counters.rows
    apart = run([job(cell("none"), on(cell("none"), put))], model=StableDiffusion(tiny_pipeline()))
    one = run([job(cell("none"))], model=StableDiffusion(tiny_pipeline()))
    assert apart.counters.rows == 2 * one.counters.rows


def test_a_checkpoint_that_cannot_be_made_ends_its_own_trials(checkpoints, tmp_path):
    torch.save(changed_pipeline().unet.state_dict(), tmp_path / "x.pt")
    gone = checkpoint(network=tmp_path / "x.pt")
    (tmp_path / "x.pt").unlink()
    cells = [cell("none"), on(cell("none"), gone), on(cell("none"), checkpoints[0])]
    [results] = run([job(*cells)], model=StableDiffusion(tiny_pipeline())).results
    assert [one.picture is None for one in results] == [False, True, False]
    assert "InputError" in str(results[1].error) and "no such file or folder" in str(results[1].error)


def test_the_model_that_nothing_used_for_the_longest_time_makes_room(checkpoints):
    models = Models(StableDiffusion(tiny_pipeline()), EngineConfig(most_checkpoints=2), Counters(), list)
    first, second, third = checkpoints[:3]
    for put in (first, second, first, third):
        models.of(put)
    assert [models.holds(put) for put in (None, first, second, third)] == [True, True, False, True]


def test_a_family_that_takes_no_checkpoints_says_so(checkpoints):
    with pytest.raises(InputError, match="Recording is a family that takes none"):
        DiffusionModel.with_checkpoint(Recording(StableDiffusion(tiny_pipeline())), checkpoints[0])
