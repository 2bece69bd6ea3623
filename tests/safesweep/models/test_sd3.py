"""SD3 in the engine against ``StableDiffusion3Pipeline``, and its methods against a loop with diffusers' own scheduler."""

import numpy as np
import pytest
import torch
from diffusers import FlowMatchEulerDiscreteScheduler
from diffusers.pipelines.stable_diffusion_3.pipeline_stable_diffusion_3 import calculate_shift

from safesweep.engine.trajectory import Request
from safesweep.errors import InputError
from safesweep.guidance.cell import Cell
from safesweep.models import check_pipeline, check_solvers, check_text_tokens, load
from safesweep.models.sd3 import StableDiffusion3
from tests.random_flow_models import CLIP_WIDTHS, JOINT_WIDTH, SD3_SCHEDULER, random_sd3
from tests.random_models import random_pipeline
from tests.safesweep.models.flow_runs import (
    EULER,
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

DYNAMIC = {
    **SD3_SCHEDULER,
    "use_dynamic_shifting": True,
    "base_shift": 0.5,
    "base_image_seq_len": 16,
    "max_image_seq_len": 256,
}


pipe, model = family_fixtures(random_sd3, StableDiffusion3)


@pytest.mark.parametrize("t5", [True, False], ids=["with T5", "without T5"])
@pytest.mark.parametrize("scheduler", [SD3_SCHEDULER, DYNAMIC], ids=["static shift", "dynamic shift"])
def test_pictures_are_the_pipelines_at_two_sizes_and_step_counts_at_once(t5, scheduler):
    pipe = random_sd3(t5, scheduler)

    def pictures(request: Request, one: Cell, output: str) -> torch.Tensor | np.ndarray:
        negative = NEGATIVE if one.method == "negative_prompt" else None
        options = {"negative_prompt": negative, "guidance_scale": one.guidance_scale, **asked(request, one)}
        return pipe(request.text, output_type=output, **options).images[0]

    assert_pictures_are_the_pipelines(StableDiffusion3(pipe), guided_cells(), pictures)


@torch.inference_mode()
def test_embeddings_are_those_of_the_pipeline(pipe, model):
    for text in ("a red circle", ""):
        tokens, _, pooled, _ = pipe.encode_prompt(text, None, None, do_classifier_free_guidance=False)
        made = model.embed(text)
        assert torch.equal(made.tokens, tokens[0]) and torch.equal(made.pooled, pooled[0])
    assert made.tokens.shape == (24 + 256, JOINT_WIDTH) and made.pooled.shape == (sum(CLIP_WIDTHS),)


def test_every_method_is_the_plain_loop(pipe, model):
    assert_every_method_is_the_reference(model, pipe, lambda request, one: {})


def test_neighbours_change_nothing(model):
    assert_neighbours_change_nothing(model)


def test_sharing_is_exact(model):
    assert_sharing_is_exact(model)


def test_the_shift_follows_the_pictures_size():
    model = StableDiffusion3(random_sd3(False, DYNAMIC))
    scheduler = FlowMatchEulerDiscreteScheduler.from_config(DYNAMIC)
    for width, height in ((64, 64), (96, 64)):
        tokens = (width // 8) * (height // 8)
        scheduler.set_timesteps(6, mu=calculate_shift(tokens, 16, 256, 0.5, scheduler.config.max_shift))
        table = model.solver_table(EULER, 6, width, height)
        assert torch.allclose(table.level_S, scheduler.sigmas[:-1]) and torch.equal(
            table.timesteps_S, scheduler.timesteps
        )
    assert not torch.equal(*(model.solver_table(EULER, 6, side, 64).level_S for side in (64, 96)))


def test_a_folder_is_checked_and_loaded(tmp_path, pipe, model):
    assert_a_folder_is_checked(tmp_path, pipe, model)
    loaded = load(str(tmp_path))
    assert isinstance(loaded, StableDiffusion3)
    assert same(loaded.embed("a red circle").tokens, model.embed("a red circle").tokens)
    with pytest.raises(InputError, match=r"pictures of 72 × 64 pixels; allowed: multiples of 16"):
        check_solvers(str(tmp_path), None, [(EULER, 5)], [(72, 64)])
    with pytest.raises(
        InputError, match="solver: 'DDIMScheduler' is not for a flow-matching model; allowed: FlowMatchEuler"
    ):
        check_solvers(str(tmp_path), None, [("DDIMScheduler", 5)], [(64, 64)])


def test_a_schedule_of_betas_is_refused(tmp_path, pipe):
    pipe.save_pretrained(tmp_path)
    (tmp_path / "scheduler" / "scheduler_config.json").write_text('{"_class_name": "DDIMScheduler"}')
    with pytest.raises(InputError, match="_class_name is 'DDIMScheduler'; allowed: FlowMatchEulerDiscreteScheduler"):
        check_pipeline(str(tmp_path))


@torch.inference_mode()
def test_a_run_may_choose_the_text_tokens(pipe):
    shorter = StableDiffusion3(pipe, text_tokens=16)
    tokens, *_ = pipe.encode_prompt(
        "a red circle", None, None, do_classifier_free_guidance=False, max_sequence_length=16
    )
    assert torch.equal(shorter.embed("a red circle").tokens, tokens[0]) and tokens.shape[1] == 24 + 16


def test_text_tokens_are_refused_where_a_family_has_none(tmp_path, pipe):
    random_pipeline().save_pretrained(tmp_path / "sd")
    with pytest.raises(InputError, match="text_tokens: found 16; allowed: none"):
        check_text_tokens(str(tmp_path / "sd"), None, 16)
    pipe.save_pretrained(tmp_path / "sd3")
    check_text_tokens(str(tmp_path / "sd3"), None, 16)
    check_text_tokens(str(tmp_path / "sd"), None, None)


def test_a_folder_without_t5_is_read_and_is_the_same_model(tmp_path):
    pipe = random_sd3(False, SD3_SCHEDULER)
    pipe.save_pretrained(tmp_path)
    check_pipeline(str(tmp_path))
    read, wanted = load(str(tmp_path)).embed("a red circle"), StableDiffusion3(pipe).embed("a red circle")
    assert torch.equal(read.tokens, wanted.tokens) and torch.equal(read.pooled, wanted.pooled)
