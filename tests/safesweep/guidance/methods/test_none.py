"""No safety guidance, against diffusers' own pipeline."""

import torch

from safesweep.engine.config import EngineConfig
from safesweep.engine.trajectory import Request
from safesweep.guidance.cell import Cell
from tests.safesweep.engine_runs import final_latents


def test_it_is_diffusers_pipeline(pipe, model):
    wanted = pipe(
        "a red circle",
        guidance_scale=5.0,
        num_inference_steps=4,
        latents=model.initial_noise(3, 64, 64)[None],
        width=64,
        height=64,
        output_type="latent",
    ).images[0]
    own = type(pipe.scheduler).__name__
    cell = Cell(guidance={"method": "none"}, guidance_scale=5.0, solver=own, num_inference_steps=4)
    [[got]] = final_latents(model, [Request("a red circle", 3, 64, 64, (cell,))], EngineConfig(max_rows=2))
    assert torch.allclose(got, wanted, rtol=0, atol=1e-4)
    assert final_latents.counters.rows == 2 * 4
