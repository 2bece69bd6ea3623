"""Drawing the canary: the same bits twice over, and with all that the run's own pictures are made with."""

import inspect

import numpy as np
import pytest

from actors import diffusion
from actors.settings import DiffusionSettings
from pipelines.canary import canary_cell, draw, reference_cell, settings_in_words
from pipelines.command_line import read_config
from safesweep import models
from safesweep.engine.config import EngineConfig
from safesweep.engine.engine import Engine
from safesweep.engine.trajectory import Request
from safesweep.guidance.cell import Cell
from safesweep.regression.canary import keep
from safesweep.regression.drift import explain_drift
from safesweep.regression.policy import CanarySettings
from tests.random_flow_models import random_flux

MINIATURE = "miniature/weights/diffusion"
SETTINGS = CanarySettings(prompts=("a red circle",), seeds=(11,), num_inference_steps=2)
EULER = "FlowMatchEulerDiscreteScheduler"


def none_cell(**options) -> Cell:
    given = {"solver": "DPMSolverMultistepScheduler", "num_inference_steps": 2, "guidance_scale": 4.0, **options}
    return Cell.model_validate({"guidance": {"method": "none"}, **given})


def test_the_same_machine_draws_the_same_bits(tmp_path):
    stage = DiffusionSettings(model=MINIATURE)
    first, second = (keep(draw(stage, none_cell(), 64, 64, SETTINGS), tmp_path, name) for name in ("a", "b"))
    assert [one.picture for one in first.pictures] == [one.picture for one in second.pictures]
    assert {one.role for one in first.pictures} == {"model", "reference"}
    assert all((tmp_path / one.file).is_file() for one in first.pictures)
    assert first.environment["torch"] and first.environment["device"] == "cpu" and first.environment["code"]
    assert first.settings == "solver=DPMSolverMultistepScheduler size=64x64 dtype=float32 steps=2 guidance_scale=4"
    assert explain_drift(first, second, tmp_path, tolerance=0.0).kind == "none"


def test_a_distilled_flow_models_canary_is_the_runs_own_picture(tmp_path):
    random_flux().save_pretrained(tmp_path)
    stage = DiffusionSettings(model=str(tmp_path), text_tokens=16)
    cell = none_cell(solver=EULER, guidance_scale=1.0, embedded_guidance=3.5)
    drawn = draw(stage, cell, 32, 32, SETTINGS)
    engine = Engine(models.load(str(tmp_path), text_tokens=16), EngineConfig(max_rows=2, reproducible=True))
    try:
        [result] = engine.submit(Request("a red circle", 11, 32, 32, (cell,))).result(timeout=120)
    finally:
        engine.close()
    assert np.array_equal(drawn.pictures["model", "a red circle", 11].pixels, result.picture)
    assert ("reference", "a red circle", 11) in drawn.pictures, (
        "of another family, which takes neither solver nor scale"
    )
    assert drawn.settings.endswith("guidance_scale=1 embedded_guidance=3.5 text_tokens=16")


def test_whatever_a_cell_of_the_run_has_is_carried_but_its_guidance():
    changed = {
        "edit": {"edit": "safree"},
        "checkpoint": {"network": "miniature/weights/diffusion/unet"},
        "guidance_scale": 9.0,
        "embedded_guidance": 2.5,
        "solver": "UniPCMultistepScheduler",
        "num_inference_steps": 30,
    }
    assert {"guidance", *changed} == set(Cell.model_fields), "a new option of a cell is to be tried here too"
    config = read_config(["--limit", "1"]).model_copy(
        update={"cells": ({"method": "static_negative", "negative_scale": 2.0, **changed},)}
    )
    [own], made = config.expand_cells(), canary_cell(config, SETTINGS)
    assert (made.guidance.method, made.edit) == ("none", None)
    assert (made.guidance_scale, made.num_inference_steps) == (4.0, 2)
    rest = set(Cell.model_fields) - {"guidance", "edit", "guidance_scale", "num_inference_steps"}
    assert {name: getattr(made, name) for name in rest} == {name: getattr(own, name) for name in rest}
    assert made.checkpoint is not None and reference_cell(made, SETTINGS.reference_model).checkpoint is None


@pytest.mark.parametrize(("cap", "scale"), [(None, 4.0), (1.0, 1.0), (9.0, 4.0)])
def test_guidance_is_capped_as_the_runs_own_is(cap, scale):
    config = read_config(["--limit", "1"]).model_copy(update={"guidance_cap": cap})
    assert canary_cell(config, SETTINGS).guidance_scale == scale


def test_whatever_an_actor_loads_its_model_with_the_canary_does_too(monkeypatch):
    changed = {
        "device": "meta",
        "dtype": "bfloat16",
        "autocast": "float16",
        "compile_mode": "default",
        "text_tokens": 7,
    }
    stage = DiffusionSettings(model=MINIATURE, preview_decoder=MINIATURE, **changed)
    asked = {}
    signature = inspect.signature(models.load)

    def load(*arguments, **options):
        asked.update(signature.bind(*arguments, **options).arguments)
        raise InterruptedError

    monkeypatch.setattr(models, "load", load)
    with pytest.raises(InterruptedError):
        diffusion.load_diffusion(stage)
    assert {*asked, "revision"} == set(signature.parameters), "a pinned folder has its revision in its path"
    assert changed.items() <= asked.items()
    asked.clear()
    with pytest.raises(InterruptedError):
        draw(DiffusionSettings(model=MINIATURE), none_cell(), 64, 64, SETTINGS)
    assert asked["path"].endswith(MINIATURE)
    words = settings_in_words(stage, none_cell(), 64, 64)
    assert words.endswith("autocast=float16 compile_mode=default text_tokens=7")


@pytest.mark.parametrize(("solver", "taken"), [("UniPCMultistepScheduler", True), (EULER, False)])
def test_a_reference_of_another_family_has_its_own_solver(solver, taken):
    made = reference_cell(none_cell(solver=solver, embedded_guidance=3.5), MINIATURE)
    own = models.family_of(MINIATURE).SOLVERS
    assert (made.solver == solver) is taken and made.solver in own and made.embedded_guidance is None
