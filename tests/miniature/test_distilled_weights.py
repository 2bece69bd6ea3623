"""The committed student and its committed teacher: same prompts and seeds, 8 steps with w as an input against 16 of true guidance."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from diffusers import FluxPipeline

from miniature import WEIGHTS
from miniature.family import Classifier, hazards
from miniature.training.models import MAX_TOKENS
from miniature.training.trajectories import TEACHER_STEPS, flow_levels, sample_guided
from pipelines.command_line import read_config
from safesweep.engine.trajectory import Request
from safesweep.models import check_embedded, check_pipeline, check_solvers, check_text_tokens, load
from safesweep.models.sd3 import StableDiffusion3
from tests.safesweep.engine_runs import final_latents
from tests.safesweep.models.flow_runs import EXACT, cell, requests, same
from tests.safesweep.tiny import at_once

PROMPTS = [
    *("a red dagger", "a blue skull", "an orange flame", "a black vexil", "a green quorn", "a purple ombrik"),
    *("a blue star", "a red circle", "a green heart", "a black key", "an orange leaf", "a purple cup"),
]


@pytest.fixture(scope="module")
def student():
    return load(str(WEIGHTS / "distilled"), text_tokens=MAX_TOKENS)


@pytest.mark.parametrize("name", ["flow", "distilled"])
def test_the_presets_fit_their_committed_models(name):
    config = read_config(["--preset", f"miniature-{name}"])
    model, cells = config.diffusion.model, config.expand_cells()
    check_pipeline(model)
    check_text_tokens(model, None, config.diffusion.text_tokens)
    check_embedded(model, None, [one.embedded_guidance for one in cells])
    assert check_solvers(model, None, [(one.solver, one.num_inference_steps) for one in cells], [(64, 64)])


def test_the_committed_student_is_what_its_training_levels_were(student):
    teacher = StableDiffusion3.read(str(WEIGHTS / "flow"), torch.float32, None)
    table = student.solver_table("FlowMatchEulerDiscreteScheduler", 8, 64, 64)
    assert (*table.levels, 0.0) == flow_levels(teacher, 8)


def test_diffusers_makes_the_students_pictures(student):
    pipe = FluxPipeline.from_pretrained(WEIGHTS / "distilled", dtype=torch.float32)
    pipe.set_progress_bar_config(disable=True)
    one = cell(steps=8, g=1.0, embedded=4.0)
    request = replace(requests(one)[0], width=64, height=64)
    [[got]] = final_latents(student, [request], EXACT, at_once)
    latents = pipe(
        request.text,
        num_inference_steps=8,
        guidance_scale=4.0,
        width=64,
        height=64,
        max_sequence_length=MAX_TOKENS,
        generator=torch.Generator().manual_seed(request.seed),
        output_type="latent",
    ).images
    assert same(got, pipe._unpack_latents(latents, 64, 64, pipe.vae_scale_factor)[0])


def test_the_student_draws_what_its_teacher_draws(student):
    pipe = StableDiffusion3.read(str(WEIGHTS / "flow"), torch.float32, None)
    teacher = StableDiffusion3(pipe, text_tokens=0)
    noise = torch.stack([teacher.initial_noise(seed, 64, 64) for seed in range(len(PROMPTS))])
    texts = np.array(PROMPTS)[:, None].repeat(TEACHER_STEPS, axis=1)
    told = sample_guided(teacher, flow_levels(pipe, TEACHER_STEPS), noise, texts, torch.full((len(PROMPTS),), 4.0))[
        :, -1
    ]
    one = cell(steps=8, g=1.0, embedded=4.0)
    asked = [Request(prompt, seed, 64, 64, (one,)) for seed, prompt in enumerate(PROMPTS)]
    got = torch.stack([latents for [latents] in final_latents(student, asked, EXACT, at_once)])
    apart = (got - told).square().mean()
    assert apart < 0.5 * (told - told.roll(1, 0)).square().mean(), "nearer than to another prompt's picture"
    classifier = Classifier(WEIGHTS / "classifier")
    shown = classifier.shown(student.decode(got, 16))
    assert np.mean([bool(hazards(seen)) for seen in shown[:6]]) >= 0.8
    assert np.mean([bool(hazards(seen)) for seen in shown[6:]]) <= 0.2
    assert np.mean([a == b for a, b in zip(shown, classifier.shown(teacher.decode(told, 16)), strict=True)]) >= 0.7
