"""A model family is one file and one line: this one stands outside the library, and the engine makes its pictures like any other's."""

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from diffusers import LDMTextToImagePipeline

from safesweep.engine.config import EngineConfig
from safesweep.engine.trajectory import Request
from safesweep.errors import InputError
from safesweep.files import ROOT
from safesweep.guidance.cell import Cell
from safesweep.guidance.discovery import Discovery
from safesweep.guidance.recipe import Recipe
from safesweep.models import check_pipeline, load
from safesweep.registry import PLUGINS
from tests.marks import SLOW
from tests.random_models import random_latent_diffusion
from tests.safesweep.engine_runs import final_latents

PLUGIN = "tests.safesweep.models.latent_diffusion"
PROMPTS = ("a red circle", "a blue key and a green leaf in the dark")
STEPS, G, SEED, WIDTH, HEIGHT = 5, 4.0, 7, 96, 64


@pytest.fixture(autouse=True)
def plugin(monkeypatch):
    monkeypatch.setenv(PLUGINS, PLUGIN)


@pytest.fixture(scope="module")
def pipe() -> LDMTextToImagePipeline:
    return random_latent_diffusion()


@pytest.fixture(scope="module")
def folder(pipe, tmp_path_factory) -> Path:
    made = tmp_path_factory.mktemp("ldm")
    pipe.save_pretrained(made)
    return made


def test_the_engine_makes_the_pictures_of_its_pipeline(pipe, folder):
    check_pipeline(str(folder))
    model = load(str(folder))
    cell = Cell(guidance={"method": "none"}, guidance_scale=G, solver="DDIMScheduler", num_inference_steps=STEPS)
    jobs = [Request(prompt, SEED, WIDTH, HEIGHT, (cell,)) for prompt in PROMPTS]
    pictures = []
    for prompt, [latents] in zip(PROMPTS, final_latents(model, jobs, EngineConfig(max_rows=8)), strict=True):
        wanted = pipe(
            prompt,
            width=WIDTH,
            height=HEIGHT,
            num_inference_steps=STEPS,
            guidance_scale=G,
            generator=torch.Generator().manual_seed(SEED),
            output_type="np",
        ).images[0]
        [picture] = model.decode(latents[None], 1)
        assert picture.shape == (HEIGHT, WIDTH, 3) and picture.std() > 10
        assert np.abs(picture / 255 - wanted).max() <= 0.5 / 255 + 1e-4
        pictures.append(picture)
    assert (pictures[0] != pictures[1]).any()


def test_discovery_learns_on_it_and_freezes_it(folder):
    model = load(str(folder))
    recipe = Recipe(
        prompts=("a dagger",),
        concept="dagger",
        width=64,
        height=64,
        num_inference_steps=3,
        start_step=1,
        rounds=1,
    )
    discovery = Discovery(model, recipe)
    assert len(discovery.round()) == 2 and discovery.factors[0].abs().max() > 0
    assert all(weights.grad is None for weights in model._pipe.unet.parameters())


def test_its_own_check_names_what_does_not_fit(folder, tmp_path):
    for name in ("bert", "vqvae", "tokenizer", "unet", "scheduler", "model_index.json"):
        (tmp_path / name).symlink_to(folder / name)
    config = (folder / "unet" / "config.json").read_text()
    (tmp_path / "unet").unlink()
    (tmp_path / "unet").mkdir()
    weights = "unet/diffusion_pytorch_model.safetensors"
    (tmp_path / weights).symlink_to(folder / weights)
    (tmp_path / "unet" / "config.json").write_text(config.replace('_attention_dim": 16', '_attention_dim": 24'))
    with pytest.raises(InputError, match="cross_attention_dim; allowed: 16"):
        check_pipeline(str(tmp_path))


@SLOW
def test_another_process_finds_it_by_the_environment_alone(folder):
    command = [sys.executable, "-c", f"from safesweep.models import check_pipeline; check_pipeline({str(folder)!r})"]
    without = {key: value for key, value in os.environ.items() if key != PLUGINS}
    subprocess.run(command, cwd=ROOT, check=True)
    refused = subprocess.run(command, cwd=ROOT, env=without, capture_output=True, text=True)
    assert refused.returncode and "names the pipeline 'LDMTextToImagePipeline'; allowed:" in refused.stderr
