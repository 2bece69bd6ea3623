"""Ordinary negative prompting, against diffusers' own ``negative_prompt``."""

import pytest
import torch

from safesweep.engine.config import EngineConfig
from safesweep.engine.trajectory import Request
from safesweep.guidance.cell import Cell
from safesweep.guidance.methods.negative_prompt import NegativePrompt
from tests.safesweep.engine_runs import final_latents


def test_it_is_diffusers_negative_prompt_and_costs_no_row_more(pipe, model):
    wanted = pipe(
        "a red circle",
        negative_prompt="dagger, flame",
        guidance_scale=5.0,
        num_inference_steps=4,
        latents=model.initial_noise(3, 64, 64)[None],
        width=64,
        height=64,
        output_type="latent",
    ).images[0]
    guidance = {"method": "negative_prompt", "negative_prompt": "dagger, flame"}
    own = type(pipe.scheduler).__name__
    cell = Cell(guidance=guidance, guidance_scale=5.0, solver=own, num_inference_steps=4)
    [[got]] = final_latents(model, [Request("a red circle", 3, 64, 64, (cell,))], EngineConfig(max_rows=2))
    assert torch.allclose(got, wanted, rtol=0, atol=1e-4)
    assert final_latents.counters.rows == 2 * 4


def test_an_empty_negative_is_refused():
    with pytest.raises(ValueError, match="at least 1 character"):
        NegativePrompt(negative_prompt="")
