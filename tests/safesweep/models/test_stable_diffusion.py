"""Stable Diffusion: which class a checkpoint gets."""

import json

import pytest
import torch

from safesweep.errors import InputError
from safesweep.models import check_pipeline
from safesweep.models import load as load_model
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
    (tmp_path / "model_index.json").write_text(json.dumps({"_class_name": "FluxPipeline"}))
    for refuse in (load_model, check_pipeline):
        with pytest.raises(
            InputError, match="names the pipeline 'FluxPipeline'; allowed: StableDiffusionPipeline, Stable"
        ):
            refuse(str(tmp_path))
