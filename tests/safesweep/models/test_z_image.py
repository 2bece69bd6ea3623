"""Z-Image in the engine against ``ZImagePipeline``, and its methods against a loop with diffusers' own scheduler."""

import numpy as np
import pytest
import torch
from diffusers import FlowMatchEulerDiscreteScheduler, ZImagePipeline

from safesweep.engine.config import EngineConfig
from safesweep.models import check_pipeline, check_solvers
from safesweep.models.z_image import ZImage
from tests.random_flow_models import random_z_image
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
def pipe() -> ZImagePipeline:
    return random_z_image()


@pytest.fixture(scope="module")
def model(pipe: ZImagePipeline) -> ZImage:
    return ZImage(pipe)


@pytest.mark.parametrize("reproducible", [True, False], ids=["row by row", "padded and masked"])
def test_pictures_are_the_pipelines_whose_scale_is_ours_less_one(pipe, model, reproducible):
    cells = [
        cell(method, steps, g)
        for method, g in (("none", 1.0), ("none", 3.0), ("negative_prompt", 3.0))
        for steps in (3, 5)
    ]
    together = run(model, *cells, config=EngineConfig(max_rows=8, reproducible=reproducible))
    for request, made in zip(requests(*cells), together, strict=True):
        for one, got in zip(cells, made, strict=True):
            options = {
                "negative_prompt": NEGATIVE if one.method == "negative_prompt" else None,
                "guidance_scale": one.guidance_scale - 1,
                "num_inference_steps": one.num_inference_steps,
                "width": request.width,
                "height": request.height,
            }
            seeds = [torch.Generator().manual_seed(SEED) for _ in range(2)]
            assert same(got, pipe(request.text, generator=seeds[0], output_type="latent", **options).images[0])
            shown = pipe(request.text, generator=seeds[1], output_type="np", **options).images[0]
            [picture] = model.decode(got[None], 1)
            assert picture.std() > 2 and np.abs(picture / 255 - shown).max() <= 1 / 255


@torch.inference_mode()
def test_the_text_is_as_long_as_it_is(pipe, model):
    for text in ("a red circle", ""):
        [tokens], _ = pipe.encode_prompt(text, do_classifier_free_guidance=False)
        assert same(model.embed(text).tokens, tokens)
    assert len({len(model.embed(text).tokens) for text in ("a", "a red circle")}) == 2


def test_every_method_is_the_plain_loop(pipe, model):
    assert_every_method_is_the_reference(
        model,
        lambda: FlowMatchEulerDiscreteScheduler.from_config(pipe.scheduler.config),
        lambda request, one: {"sigmas": linear_sigmas(one.num_inference_steps)},
    )


def test_neighbours_change_nothing(model):
    assert_neighbours_change_nothing(model)


def test_sharing_is_exact(model):
    assert_sharing_is_exact(model)


def test_a_folder_is_checked(tmp_path, pipe, model):
    pipe.save_pretrained(tmp_path)
    check_pipeline(str(tmp_path))
    [levels] = check_solvers(str(tmp_path), None, [(EULER, 5)], [(96, 64)]).values()
    assert levels == model.solver_table(EULER, 5, 96, 64).levels
