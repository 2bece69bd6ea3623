"""Perp-Neg against a plain loop over samples."""

import torch

from safesweep.engine.config import EngineConfig
from safesweep.engine.trajectory import Request
from safesweep.guidance.cell import Cell
from safesweep.guidance.methods.perp_neg import subtract_perpendicular
from tests.safesweep.engine_runs import final_latents


def test_only_the_perpendicular_part_is_subtracted():
    empty, prompt, negative = torch.randn(3, 2, 4, 8, 8, generator=torch.Generator().manual_seed(0))
    scales = (torch.tensor([2.0, 5.0])[:, None, None, None], torch.tensor([3.0, 7.0])[:, None, None, None])
    got = subtract_perpendicular((empty, prompt, negative), scales)
    for row in range(2):
        p, n = (prompt - empty)[row].double(), (negative - empty)[row].double()
        perpendicular = n - (n * p).sum() / (p * p).sum() * p
        wanted = empty[row] + float(scales[0][row]) * p - float(scales[1][row]) * perpendicular
        assert torch.allclose(got[row].double(), wanted, atol=1e-4)
        assert abs(float((perpendicular * p).sum())) <= 1e-6 * float((p * p).sum())


def test_a_negative_along_the_prompt_changes_nothing():
    empty, prompt = torch.randn(2, 1, 4, 8, 8, generator=torch.Generator().manual_seed(1))
    scales = (torch.full((1, 1, 1, 1), 4.0), torch.full((1, 1, 1, 1), 9.0))
    along = empty + 0.5 * (prompt - empty)
    plain = empty + 4.0 * (prompt - empty)
    assert torch.allclose(subtract_perpendicular((empty, prompt, along), scales), plain, atol=1e-5)
    assert torch.isfinite(subtract_perpendicular((empty, empty, prompt), scales)).all()


def test_it_runs_in_the_engine_beside_others(model):
    def cell(**method) -> Cell:
        return Cell(guidance=method, guidance_scale=4.0, solver="DDIMScheduler", num_inference_steps=3)

    cells = (
        cell(method="none"),
        cell(method="perp_neg", negative_scale=5.0, negative_prompt="dagger"),
        cell(method="static_negative", negative_scale=5.0, negative_prompt="dagger"),
    )
    [latents] = final_latents(model, [Request("a red circle", 1, 64, 64, cells)], EngineConfig(max_rows=8))
    assert not any(torch.allclose(latents[a], latents[b], atol=1e-3) for a, b in ((0, 1), (1, 2), (0, 2)))
