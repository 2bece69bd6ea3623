"""FLUX.1 in the engine against ``FluxPipeline``, and its methods against a loop with diffusers' own scheduler."""

from functools import partial

import numpy as np
import pytest
import torch
from diffusers import FluxPipeline
from diffusers.pipelines.flux.pipeline_flux import calculate_shift

from safesweep.engine.trajectory import Request
from safesweep.errors import InputError
from safesweep.guidance.cell import Cell
from safesweep.models import check_embedded, check_pipeline
from safesweep.models.flux import Flux, pack, places, unpack
from tests.random_flow_models import random_flux
from tests.safesweep.engine_runs import final_latents
from tests.safesweep.models.flow_runs import (
    NEGATIVE,
    asked,
    assert_every_method_is_the_reference,
    assert_neighbours_change_nothing,
    assert_pictures_are_the_pipelines,
    assert_sharing_is_exact,
    cell,
    family_fixtures,
    guided_cells,
    requests,
    run,
    same,
    shifted_sigmas,
)

pipe, model = family_fixtures(random_flux, Flux)


def pipeline(pipe: FluxPipeline, request: Request, one: Cell, output: str) -> torch.Tensor | np.ndarray:
    negative = {"none": "", "negative_prompt": NEGATIVE}[one.method] if one.guidance_scale > 1 else None
    options = {
        "negative_prompt": negative,
        "true_cfg_scale": one.guidance_scale,
        "guidance_scale": one.embedded_guidance or 0.0,
        **asked(request, one),
    }
    made = pipe(request.text, output_type=output, **options).images
    if output == "latent":
        return pipe._unpack_latents(made, request.height, request.width, pipe.vae_scale_factor)[0]
    return made[0]


@pytest.mark.parametrize(("guidance", "dynamic"), [(True, True), (False, False)], ids=["dev", "schnell"])
def test_pictures_are_the_pipelines_at_two_sizes_and_step_counts_at_once(guidance, dynamic):
    pipe = random_flux(guidance, dynamic)
    cells = [one.model_copy(update={"embedded_guidance": 3.5 if guidance else None}) for one in guided_cells()]
    assert_pictures_are_the_pipelines(Flux(pipe), cells, partial(pipeline, pipe))


def test_none_without_true_guidance_is_one_row_a_step(model):
    run(model, cell(g=1.0, steps=4, embedded=3.5))
    assert final_latents.counters.rows == 2 * 4


def test_different_embedded_scales_share_a_batch_and_no_step(pipe, model):
    cells = [cell(g=1.0, steps=4, embedded=scale) for scale in (1.0, 3.5, 7.0)]
    for request, made in zip(requests(*cells), run(model, *cells), strict=True):
        for one, got in zip(cells, made, strict=True):
            assert same(got, pipeline(pipe, request, one, "latent"))
        assert not torch.equal(made[0], made[1])
    assert final_latents.counters.rows == 2 * 3 * 4


def test_every_method_is_the_plain_loop(pipe, model):
    assert_every_method_is_the_reference(model, pipe, shifted_sigmas(calculate_shift), embedded=3.5)


def test_neighbours_change_nothing(model):
    assert_neighbours_change_nothing(model, embedded=3.5)


def test_sharing_is_exact(model):
    assert_sharing_is_exact(model, embedded=3.5)


def test_latents_are_packed_as_the_pipeline_packs_them():
    latents = torch.randn(2, 4, 6, 10, generator=torch.Generator().manual_seed(0))
    assert torch.equal(pack(latents), FluxPipeline._pack_latents(latents, 2, 4, 6, 10))
    assert torch.equal(unpack(pack(latents), 6, 10), latents)
    assert torch.equal(places(3, 5), FluxPipeline._prepare_latent_image_ids(1, 3, 5, "cpu", torch.int64))


@pytest.mark.parametrize(
    ("guidance", "scale", "message"),
    [
        (True, None, "embedded_guidance: is missing; the network of .* takes a guidance scale as an input"),
        (False, 3.5, r"embedded_guidance: found 3.5; allowed: none \(the network of .* takes no guidance scale\)"),
    ],
    ids=["dev", "schnell"],
)
def test_the_embedded_scale_is_named_where_it_is_taken_and_nowhere_else(tmp_path, guidance, scale, message):
    random_flux(guidance).save_pretrained(tmp_path)
    check_pipeline(str(tmp_path))
    with pytest.raises(InputError, match=message):
        check_embedded(str(tmp_path), None, [scale])
    check_embedded(str(tmp_path), None, [3.5 if guidance else None])


@torch.inference_mode()
def test_embeddings_are_those_of_the_pipeline(pipe, model):
    for text in ("a red circle", ""):
        tokens, pooled, ids = pipe.encode_prompt(text, None)
        assert torch.equal(model.embed(text).tokens, tokens[0]) and torch.equal(model.embed(text).pooled, pooled[0])
    assert not ids.any()
