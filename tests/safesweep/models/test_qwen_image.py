"""Qwen-Image in the engine against ``QwenImagePipeline``, and its methods against a loop with diffusers' own scheduler."""

import numpy as np
import pytest
import torch
from diffusers import FlowMatchEulerDiscreteScheduler, QwenImagePipeline
from diffusers.pipelines.qwenimage.pipeline_qwenimage import calculate_shift

from safesweep.engine.config import EngineConfig
from safesweep.engine.trajectory import Request
from safesweep.guidance.cell import Cell
from safesweep.models import check_pipeline, check_solvers
from safesweep.models.qwen_image import QwenImage
from tests.random_flow_models import random_qwen_image
from tests.safesweep.flow_reference import linear_sigmas
from tests.safesweep.models.flow_runs import (
    EULER,
    NEGATIVE,
    SEED,
    assert_every_method_is_the_reference,
    assert_neighbours_change_nothing,
    assert_sharing_is_exact,
    cell,
    requests,
    run,
    same,
)


@pytest.fixture(scope="module")
def pipe() -> QwenImagePipeline:
    return random_qwen_image()


@pytest.fixture(scope="module")
def model(pipe: QwenImagePipeline) -> QwenImage:
    return QwenImage(pipe)


@pytest.mark.parametrize("reproducible", [True, False], ids=["row by row", "padded and masked"])
def test_pictures_are_the_pipelines_at_two_sizes_and_step_counts_at_once(pipe, model, reproducible):
    cells = [
        cell(method, steps, g)
        for method, g in (("none", 1.0), ("none", 3.0), ("negative_prompt", 3.0))
        for steps in (3, 5)
    ]
    together = run(model, *cells, config=EngineConfig(max_rows=8, reproducible=reproducible))
    for request, made in zip(requests(*cells), together, strict=True):
        for one, got in zip(cells, made, strict=True):
            negative = {"none": "", "negative_prompt": NEGATIVE}[one.method]
            options = {
                "negative_prompt": negative if one.guidance_scale > 1 else None,
                "true_cfg_scale": one.guidance_scale,
                "num_inference_steps": one.num_inference_steps,
                "width": request.width,
                "height": request.height,
            }
            packed = pipe(request.text, generator=torch.Generator().manual_seed(SEED), output_type="latent", **options)
            wanted = pipe._unpack_latents(packed.images, request.height, request.width, pipe.vae_scale_factor)[0, :, 0]
            assert same(got, wanted)
            shown = pipe(request.text, generator=torch.Generator().manual_seed(SEED), output_type="np", **options)
            [picture] = model.decode(got[None], 1)
            assert picture.std() > 2 and np.abs(picture / 255 - shown.images[0]).max() <= 1 / 255


def test_the_text_is_as_long_as_it_is_and_the_template_is_cut_off(pipe, model):
    for text in ("a red circle", "a blue key and a green leaf", ""):
        tokens, mask = pipe.encode_prompt(text)
        assert mask is None and same(model.embed(text).tokens, tokens[0])
    assert len({len(model.embed(text).tokens) for text in ("a", "a red circle")}) == 2


def test_every_method_is_the_plain_loop(pipe, model):
    def given(request: Request, one: Cell) -> dict[str, object]:
        tokens = (request.width // 8) * (request.height // 8)
        return {"sigmas": linear_sigmas(one.num_inference_steps), "mu": calculate_shift(tokens, 256, 8192, 0.5, 0.9)}

    def scheduler() -> FlowMatchEulerDiscreteScheduler:
        return FlowMatchEulerDiscreteScheduler.from_config(pipe.scheduler.config)

    def token_by_token(guided: torch.Tensor, conditional: torch.Tensor) -> torch.Tensor:
        rescaled = guided.clone()
        for row in range(0, guided.shape[-2], 2):
            for column in range(0, guided.shape[-1], 2):
                patch = (slice(None), slice(row, row + 2), slice(column, column + 2))
                rescaled[patch] *= conditional[patch].norm() / guided[patch].norm()
        return rescaled

    assert_every_method_is_the_reference(model, scheduler, given, token_by_token)


def test_neighbours_change_nothing(model):
    assert_neighbours_change_nothing(model)


def test_sharing_is_exact(model):
    assert_sharing_is_exact(model)


def test_a_folder_is_checked(tmp_path, pipe, model):
    pipe.save_pretrained(tmp_path)
    check_pipeline(str(tmp_path))
    [levels] = check_solvers(str(tmp_path), None, [(EULER, 5)], [(96, 64)]).values()
    assert levels == model.solver_table(EULER, 5, 96, 64).levels
