"""Qwen-Image in the engine against ``QwenImagePipeline``, and its methods against a loop with diffusers' own scheduler."""

import numpy as np
import pytest
import torch
from diffusers.pipelines.qwenimage.pipeline_qwenimage import calculate_shift

from safesweep.engine.config import EngineConfig
from safesweep.engine.trajectory import Request
from safesweep.guidance.cell import Cell
from safesweep.models.qwen_image import QwenImage
from tests.random_flow_models import random_qwen_image
from tests.safesweep.models.flow_runs import (
    METHODS,
    NEGATIVE,
    asked,
    assert_a_folder_is_checked,
    assert_every_method_is_the_reference,
    assert_neighbours_change_nothing,
    assert_pictures_are_the_pipelines,
    assert_sharing_is_exact,
    family_fixtures,
    guided_cells,
    same,
    shifted_sigmas,
)

pipe, model = family_fixtures(random_qwen_image, QwenImage)


@pytest.mark.parametrize("reproducible", [True, False], ids=["row by row", "padded and masked"])
def test_pictures_are_the_pipelines_at_two_sizes_and_step_counts_at_once(pipe, model, reproducible):
    def pictures(request: Request, one: Cell, output: str) -> torch.Tensor | np.ndarray:
        negative = {"none": "", "negative_prompt": NEGATIVE}[one.method] if one.guidance_scale > 1 else None
        options = {"negative_prompt": negative, "true_cfg_scale": one.guidance_scale, **asked(request, one)}
        made = pipe(request.text, output_type=output, **options).images
        if output == "latent":
            return pipe._unpack_latents(made, request.height, request.width, pipe.vae_scale_factor)[0, :, 0]
        return made[0]

    config = EngineConfig(max_rows=8, reproducible=reproducible)
    assert_pictures_are_the_pipelines(model, guided_cells(), pictures, config)


def test_the_text_is_as_long_as_it_is_and_the_template_is_cut_off(pipe, model):
    for text in ("a red circle", "a blue key and a green leaf", ""):
        tokens, mask = pipe.encode_prompt(text)
        assert mask is None and same(model.embed(text).tokens, tokens[0])
    assert len({len(model.embed(text).tokens) for text in ("a", "a red circle")}) == 2


def test_every_method_is_the_plain_loop(pipe, model, monkeypatch):
    # texts hardly move this small network: a presence of 1 would be removed at 20,000 times the negative's strength
    monkeypatch.setitem(METHODS, "crg", {**METHODS["crg"], "threshold": -1e-4})

    def token_by_token(guided: torch.Tensor, conditional: torch.Tensor) -> torch.Tensor:
        rescaled = guided.clone()
        for row in range(0, guided.shape[-2], 2):
            for column in range(0, guided.shape[-1], 2):
                patch = (slice(None), slice(row, row + 2), slice(column, column + 2))
                rescaled[patch] *= conditional[patch].norm() / guided[patch].norm()
        return rescaled

    given = shifted_sigmas(lambda tokens: calculate_shift(tokens, 256, 8192, 0.5, 0.9))
    assert_every_method_is_the_reference(model, pipe, given, token_by_token)


def test_neighbours_change_nothing(model):
    assert_neighbours_change_nothing(model)


def test_sharing_is_exact(model):
    assert_sharing_is_exact(model)


def test_a_folder_is_checked(tmp_path, pipe, model):
    assert_a_folder_is_checked(tmp_path, pipe, model)
