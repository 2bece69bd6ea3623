"""Z-Image in the engine against ``ZImagePipeline``, and its methods against a loop with diffusers' own scheduler."""

import numpy as np
import pytest
import torch

from safesweep.engine.config import EngineConfig
from safesweep.engine.trajectory import Request
from safesweep.guidance.cell import Cell
from safesweep.models.z_image import ZImage
from tests.random_flow_models import random_z_image
from tests.safesweep.flow_reference import linear_sigmas
from tests.safesweep.models.flow_runs import (
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
)

pipe, model = family_fixtures(random_z_image, ZImage)


@pytest.mark.parametrize("reproducible", [True, False], ids=["row by row", "padded and masked"])
def test_pictures_are_the_pipelines_whose_scale_is_ours_less_one(pipe, model, reproducible):
    def pictures(request: Request, one: Cell, output: str) -> torch.Tensor | np.ndarray:
        negative = NEGATIVE if one.method == "negative_prompt" else None
        options = {"negative_prompt": negative, "guidance_scale": one.guidance_scale - 1, **asked(request, one)}
        return pipe(request.text, output_type=output, **options).images[0]

    config = EngineConfig(max_rows=8, reproducible=reproducible)
    assert_pictures_are_the_pipelines(model, guided_cells(), pictures, config)


@torch.inference_mode()
def test_the_text_is_as_long_as_it_is(pipe, model):
    for text in ("a red circle", ""):
        [tokens], _ = pipe.encode_prompt(text, do_classifier_free_guidance=False)
        assert same(model.embed(text).tokens, tokens)
    assert len({len(model.embed(text).tokens) for text in ("a", "a red circle")}) == 2


def test_every_method_is_the_plain_loop(pipe, model):
    assert_every_method_is_the_reference(
        model, pipe, lambda request, one: {"sigmas": linear_sigmas(one.num_inference_steps)}
    )


def test_neighbours_change_nothing(model):
    assert_neighbours_change_nothing(model)


def test_sharing_is_exact(model):
    assert_sharing_is_exact(model)


def test_a_folder_is_checked(tmp_path, pipe, model):
    assert_a_folder_is_checked(tmp_path, pipe, model)
