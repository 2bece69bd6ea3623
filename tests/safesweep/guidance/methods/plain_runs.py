"""A method that diffusers' own pipeline has too, beside it."""

from typing import Any

import torch

from safesweep.engine.config import EngineConfig
from safesweep.engine.trajectory import Request
from safesweep.guidance.cell import Cell
from tests.safesweep.engine_runs import final_latents


def assert_equals_the_pipeline(pipe: Any, model: Any, guidance: dict[str, Any], **options: Any) -> None:
    """Final latents of ``guidance`` are those of ``pipe`` with ``options``, at two rows a step."""
    wanted = pipe(
        "a red circle",
        guidance_scale=5.0,
        num_inference_steps=4,
        latents=model.initial_noise(3, 64, 64)[None],
        width=64,
        height=64,
        output_type="latent",
        **options,
    ).images[0]
    own = type(pipe.scheduler).__name__
    cell = Cell(guidance=guidance, guidance_scale=5.0, solver=own, num_inference_steps=4)
    [[got]] = final_latents(model, [Request("a red circle", 3, 64, 64, (cell,))], EngineConfig(max_rows=2))
    assert torch.allclose(got, wanted, rtol=0, atol=1e-4)
    assert final_latents.counters.rows == 2 * 4
