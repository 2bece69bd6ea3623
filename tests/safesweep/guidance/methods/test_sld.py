"""SLD against diffusers' own pipeline, the authors' last working implementation in a library."""

import pytest
import torch
from diffusers.pipelines.deprecated.stable_diffusion_safe import SafetyConfig, StableDiffusionPipelineSafe

from safesweep.engine.config import EngineConfig
from safesweep.engine.trajectory import Request
from safesweep.guidance.cell import Cell
from safesweep.guidance.methods.sld import PRESETS
from tests.marks import SLOW
from tests.safesweep.engine_runs import final_latents

STEPS = 18
"""Beyond the longest warm-up."""
CONCEPT = "dagger, flame, skull"


def cell(preset: str, **options) -> Cell:
    method = {"method": "sld", "preset": preset, "concept": CONCEPT, **options}
    return Cell(guidance=method, guidance_scale=4.0, solver="DDIMScheduler", num_inference_steps=STEPS)


@pytest.fixture(scope="module")
def safe_pipe(pipe, model) -> StableDiffusionPipelineSafe:
    made = StableDiffusionPipelineSafe(
        vae=pipe.vae,
        text_encoder=pipe.text_encoder,
        tokenizer=pipe.tokenizer,
        unet=pipe.unet,
        scheduler=model.scheduler("DDIMScheduler"),
        safety_checker=None,
        feature_extractor=None,
        requires_safety_checker=False,
    )
    made.set_progress_bar_config(disable=True)
    made.safety_concept = CONCEPT
    return made


def test_presets_are_diffusers_but_for_weak_which_is_the_authors_table():
    for name, numbers in PRESETS.items():
        theirs = getattr(SafetyConfig, name.upper())
        assert numbers == tuple(theirs.values()) or name == "weak"
    assert PRESETS["weak"] == (15, 10 * SafetyConfig.WEAK["sld_guidance_scale"], 0, 0, 0)


@pytest.mark.parametrize("preset", PRESETS)
def test_sld_equals_diffusers_pipeline_for_every_preset(safe_pipe, model, preset):
    numbers = PRESETS[preset]
    seen = []
    safe_pipe(
        "a blaze in red",
        guidance_scale=4.0,
        num_inference_steps=STEPS,
        width=64,
        height=64,
        latents=model.initial_noise(3, 64, 64)[None],
        sld_guidance_scale=numbers.safety_scale,
        sld_warmup_steps=numbers.warmup_steps,
        sld_threshold=numbers.threshold,
        sld_momentum_scale=numbers.momentum_scale,
        sld_mom_beta=numbers.momentum_beta,
        callback=lambda step, timestep, latents: seen.append(latents),
    )
    # three rows as there, and relative to the latents' size (30 for "max" on random weights): "max" multiplies differences by
    # 5,000, so the last bit of one solver step shows in the next
    [[got]] = final_latents(model, [Request("a blaze in red", 3, 64, 64, (cell(preset),))], EngineConfig(max_rows=3))
    assert (got - seen[-1][0]).abs().max() <= 1e-4 * max(1.0, float(got.abs().max()))
    plain = Cell(guidance={"method": "none"}, guidance_scale=4.0, solver="DDIMScheduler", num_inference_steps=STEPS)
    [[unguided]] = final_latents(model, [Request("a blaze in red", 3, 64, 64, (plain,))], EngineConfig(max_rows=6))
    assert not torch.allclose(got, unguided, atol=1e-3)


@SLOW
def test_the_warm_up_is_shared_with_unguided_trials(model):
    plain = Cell(guidance={"method": "none"}, guidance_scale=4.0, solver="DDIMScheduler", num_inference_steps=STEPS)
    job = Request("a blaze in red", 3, 64, 64, (plain, cell("weak"), cell("medium")))
    latents = final_latents(model, [job], EngineConfig(max_rows=12, reproducible=True))
    counters = final_latents.counters
    # steps 0–10 are predicted together, medium parts after 10's prediction and weak after 15's
    assert counters.rows == 11 * 3 + 5 * (3 + 3) + 2 * (2 + 3 + 3)
    assert counters.rows_alone == STEPS * (2 + 3 + 3)
    alone = [
        final_latents(model, [Request(job.text, 3, 64, 64, (c,))], EngineConfig(max_rows=12, reproducible=True))[0][0]
        for c in job.cells
    ]
    assert all(torch.equal(a, b) for a, b in zip(latents[0], alone, strict=True))


def test_a_preset_fills_in_what_is_not_given():
    guidance = cell("strong", warmup_steps=2).guidance
    assert (guidance.warmup_steps, guidance.safety_scale, guidance.threshold) == (2, 2000.0, 0.025)
    with pytest.raises(ValueError, match="weak"):
        cell("mild")
