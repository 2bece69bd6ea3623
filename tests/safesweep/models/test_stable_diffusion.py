"""Stable Diffusion: which class a checkpoint gets."""

import json

import diffusers
import pytest
import torch

from safesweep.errors import InputError
from safesweep.models import check_pipeline, check_solvers
from safesweep.models import load as load_model
from safesweep.models.probe import SUPPORTED
from safesweep.models.sdxl import StableDiffusionXL
from safesweep.models.stable_diffusion import StableDiffusion
from tests.random_models import random_sdxl


def test_the_pipelines_index_decides_the_class(tmp_path, pipe, model):
    kinds = {"sd": (StableDiffusion, pipe), "sdxl": (StableDiffusionXL, random_sdxl())}
    for name, (kind, saved) in kinds.items():
        saved.save_pretrained(tmp_path / name)
        check_pipeline(str(tmp_path / name))
        loaded = load_model(str(tmp_path / name))
        assert type(loaded) is kind
        for got, wanted in zip(loaded.embed("a red circle"), kind(saved).embed("a red circle"), strict=True):
            # how a file's numbers lie in memory moves the last bits
            assert got is wanted is None or torch.allclose(got, wanted, atol=1e-6)


def test_a_pipeline_of_another_kind_is_refused_by_name(tmp_path):
    (tmp_path / "model_index.json").write_text(json.dumps({"_class_name": "KolorsPipeline"}))
    for refuse in (load_model, check_pipeline):
        with pytest.raises(
            InputError, match="names the pipeline 'KolorsPipeline'; allowed: StableDiffusionPipeline, Stable"
        ):
            refuse(str(tmp_path))


@pytest.mark.parametrize("left_out", [(), ("steps_offset", "timestep_spacing"), ("beta_schedule", "steps_offset")])
@pytest.mark.parametrize("name", SUPPORTED)
def test_a_scheduler_is_the_one_that_the_pipeline_would_be_built_with(tmp_path, pipe, name, left_out):
    pipe.save_pretrained(tmp_path)
    path = tmp_path / "scheduler" / "scheduler_config.json"
    config = json.loads(path.read_text())
    path.write_text(json.dumps({key: value for key, value in config.items() if key not in left_out}))
    own = diffusers.StableDiffusionPipeline.from_pretrained(tmp_path, safety_checker=None).scheduler
    parts = {**pipe.components, "scheduler": getattr(diffusers, name).from_config(own.config)}
    wanted = dict(diffusers.StableDiffusionPipeline(**parts).scheduler.config)
    found = dict(load_model(str(tmp_path)).scheduler(name).config)
    for kept in (wanted, found):
        kept.pop("_use_default_values", None)
    assert found == wanted


def test_the_checkpoints_configs_alone_give_the_tables_of_the_loaded_model(tmp_path, pipe):
    pipe.save_pretrained(tmp_path)
    model = load_model(str(tmp_path))
    chosen = [(name, steps) for name in SUPPORTED for steps in (4, 25)]
    assert check_solvers(str(tmp_path), None, chosen, [(64, 72)]) == {
        (name, steps, 64, 72): model.solver_table(name, steps, 64, 72).levels for name, steps in chosen
    }


def test_a_scheduler_that_cannot_be_is_refused_from_the_configs_alone(tmp_path, pipe):
    pipe.save_pretrained(tmp_path)
    path = tmp_path / "scheduler" / "scheduler_config.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), "use_flow_sigmas": True}))
    with pytest.raises(InputError, match=f"{path}: solver: DPMSolverMultistepScheduler with use_flow_sigmas=True"):
        check_solvers(str(tmp_path), None, [("DPMSolverMultistepScheduler", 10)], [(64, 64)])
    with pytest.raises(InputError, match="solver: 'Heun' is not supported; allowed: DDIMScheduler"):
        check_solvers(str(tmp_path), None, [("Heun", 10)], [(64, 64)])
