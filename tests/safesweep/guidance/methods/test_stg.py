"""Safe text embedding guidance: where the embedding goes, what it costs, whom it leaves alone, and on a flow."""

import pytest
import torch

from safesweep.engine.config import EngineConfig
from safesweep.engine.work import count_work
from safesweep.guidance.cell import Cell
from safesweep.guidance.methods.seen import Seen
from safesweep.guidance.methods.stg import MoveAway
from safesweep.models.base import DiffusionModel
from safesweep.models.sd3 import StableDiffusion3
from safesweep.models.solver import solver_table
from safesweep.models.text import SteeredText, network_rows
from tests.random_flow_models import random_sd3
from tests.safesweep.engine_runs import final_latents
from tests.safesweep.flow_reference import FlowSchedulers
from tests.safesweep.reference import denoise
from tests.safesweep.tiny import STEPS, cell, job, run, tiny_model

STG = cell("stg").guidance


def cosine(embedding, seen: Seen) -> float:
    """Of the decoded x̂0 that an embedding predicts, with the nearest concept."""
    model = tiny_model()
    output = model.noise(seen.latents, seen.timesteps, [embedding])
    with torch.no_grad():
        return float(STG.clip.nearest(model.decoded(seen.clean(output.clone())), STG.concepts))


def test_the_embedding_goes_down_the_cosines_gradient():
    model = tiny_model()
    table = solver_table(model.scheduler("DDIMScheduler"), STEPS)
    start = model.embed("a red circle")
    for step in (0, 2, 4):
        seen = Seen((torch.randn(4, 8, 8, generator=torch.Generator().manual_seed(step)),), ((table, step),))
        once, twice = (MoveAway(STG.clip, STG.concepts, rho, -1.0)(model, start, seen, None) for rho in (1e3, 2e3))
        moved = once.tokens - start.tokens
        assert torch.allclose(twice.tokens - start.tokens, 2 * moved, rtol=1e-3, atol=1e-5)
        there, back = (start._replace(tokens=start.tokens + way * moved / moved.norm()) for way in (0.5, -0.5))
        slope = cosine(there, seen) - cosine(back, seen)
        # the derivative along the way it goes is minus the gradient's length
        assert slope == pytest.approx(-float(moved.norm()) / 1e3, rel=0.15)


def test_a_picture_below_the_threshold_and_a_late_step_are_left_alone():
    cells = (cell("none"), cell("stg", threshold=1.0), cell("stg", last_level=1.0), cell("stg"))
    [digests] = run([job(*cells)]).digests
    assert digests[0] == digests[1] == digests[2] != digests[3]


def test_rows_of_gradients_are_counted_and_planned():
    text = SteeredText("a red circle", MoveAway(STG.clip, STG.concepts, 1.0, 0.0))
    assert network_rows(("", "a red circle", text)) == 1 + 1 + 4
    levels = solver_table(tiny_model().scheduler("DDIMScheduler"), STEPS).levels
    cells = (cell("stg", last_level=levels[1]), cell("none"))
    made = run([job(*cells)], EngineConfig(max_rows=12, reproducible=True))
    planned = count_work(cells, found=True, levels=lambda *_: levels)
    assert [trial.rows_alone for trial in made.results[0]] == [2 * STEPS + 3 * 2, 2 * STEPS]
    assert (made.counters.rows, made.counters.rows_alone) == (planned.rows, planned.rows_alone)
    assert sum(trial.rows for trial in made.results[0]) == pytest.approx(made.counters.rows)


def test_on_a_flow_it_is_the_reference():
    pipe = random_sd3(False)
    model = StableDiffusion3(pipe)
    guidance = {"method": "stg", "clip": STG.clip, "concepts": STG.concepts, "negative_scale": 300.0}
    made = Cell(guidance=guidance, guidance_scale=3.0, solver="FlowMatchEulerDiscreteScheduler", num_inference_steps=3)
    plain = made.model_copy(update={"guidance": cell("none").guidance})
    request = job(made, plain, size=32)
    [[got, unguided]] = final_latents(model, [request], EngineConfig(max_rows=8))
    scheduler = type(pipe.scheduler).from_config(pipe.scheduler.config)
    wanted = denoise(model, request, made, FlowSchedulers(model, made, scheduler)).latents
    assert torch.allclose(got, wanted, atol=1e-4) and not torch.allclose(got, unguided, atol=1e-3)


def test_a_family_without_gradients_is_refused_by_name():
    class Plain(type(tiny_model()._model)):
        decoded = DiffusionModel.decoded

    STG.check_family(StableDiffusion3)
    with pytest.raises(ValueError, match="stg: Plain decodes nothing that can be differentiated"):
        STG.check_family(Plain)
    cell("none").guidance.check_family(Plain)
    [[failed]] = run([job(cell("stg"))], model=Plain(tiny_model()._model._pipe)).results
    assert failed.error == "NotImplementedError: Plain decodes nothing that can be differentiated"
