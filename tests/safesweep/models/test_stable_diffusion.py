"""The diffusion model: its cache of text embeddings, and which class a checkpoint gets."""

import json

import pytest
import torch

import safesweep.models.stable_diffusion
from safesweep.errors import InputError
from safesweep.models import check_pipeline
from safesweep.models import load as load_model
from safesweep.models.sdxl import StableDiffusionXL
from safesweep.models.stable_diffusion import StableDiffusion
from tests.random_models import random_sdxl


def test_embeddings_are_kept_up_to_a_bound_and_made_again_the_same(model, monkeypatch):
    monkeypatch.setattr(safesweep.models.base, "KEPT_TEXTS", 2)
    monkeypatch.setattr(model, "_embeddings", type(model._embeddings)())
    first = model.embed("a red circle")
    assert model.embed("a red circle") is first
    model.embed("a blue key")
    model.embed("a red circle")
    model.embed("a green leaf")
    assert list(model._embeddings) == ["a red circle", "a green leaf"]
    model.embed("a black cup")
    again = model.embed("a red circle")
    assert again is not first and torch.equal(again.tokens, first.tokens)


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


@pytest.mark.parametrize(("width", "height"), [(60, 64), (64, 100)])
def test_a_size_that_latents_cannot_have_is_refused(model, width, height):
    with pytest.raises(InputError, match=f"width {width}, height {height}: both must be multiples of 8"):
        model.initial_noise(0, width, height)


def test_a_picture_that_is_not_finite_is_an_error_and_never_black(model):
    latents = torch.zeros(2, 4, 8, 8)
    latents[1, 0, 0, 0] = float("nan")
    assert len(model.decode(latents[:1], 1)) == 1
    with pytest.raises(FloatingPointError, match="not finite"):
        model.decode(latents, 2)
