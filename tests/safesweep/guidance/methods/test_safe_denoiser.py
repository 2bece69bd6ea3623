"""The safe denoiser against the exact denoisers of a distribution that is known, and in the engine."""

from pathlib import Path

import numpy as np
import pytest
import torch

from safesweep.engine.config import EngineConfig
from safesweep.guidance.cell import Cell
from safesweep.guidance.methods.safe_denoiser import PushAway
from safesweep.guidance.methods.seen import Seen
from safesweep.guidance.references import save_references
from safesweep.models.flow import flow_scheduler
from safesweep.models.sd3 import StableDiffusion3
from safesweep.models.solver import SolverTable, solver_table
from tests.random_flow_models import random_sd3
from tests.safesweep.engine_runs import final_latents
from tests.safesweep.flow_reference import FlowSchedulers
from tests.safesweep.reference import denoise
from tests.safesweep.tiny import STEPS, cell, job, reference_file, run, tiny_model

POINTS = torch.tensor([[[[-2.0]], [[0.5]]], [[[1.0]], [[1.5]]], [[[2.0]], [[-1.0]]], [[[0.0]], [[-2.0]]]])
"""Four pictures of two values; the first two are unsafe."""


def tables() -> list[SolverTable]:
    scheduler = tiny_model().scheduler("EulerDiscreteScheduler")
    v_config = {**scheduler.config, "prediction_type": "v_prediction"}
    return [
        solver_table(scheduler, 6),
        solver_table(type(scheduler).from_config(v_config), 6),
        solver_table(flow_scheduler("FlowMatchEulerDiscreteScheduler", {}), 6),
    ]


def denoised(x: np.ndarray, alpha: float, sigma: float, points: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """E[x0 | x_t] over equally likely ``points``, and their unnormalised densities, in float64."""
    density = np.exp(-((x - alpha * points) ** 2).sum(axis=1) / (2 * sigma**2))
    return (density[:, None] * points).sum(axis=0) / density.sum(), density


@pytest.mark.parametrize("place", range(3))
def test_with_the_exact_weight_it_is_the_denoiser_of_the_safe_pictures(place, tmp_path):
    """Theorem 3.2: η·β = Z_unsafe·p_unsafe / (Z_safe·p_safe) makes of the denoiser of all pictures that of the safe ones."""
    table, points = tables()[place], POINTS.flatten(1).double().numpy()
    unsafe = save_references(POINTS[:2], tmp_path / "unsafe.safetensors", {})
    for step in (1, 2):
        alpha, sigma = float(table.signal_S[step]), float(table.noise_S[step])
        x = np.array([0.6 * alpha, 0.4 * alpha])
        everything, density = denoised(x, alpha, sigma, points)
        safe, _ = denoised(x, alpha, sigma, points[2:])
        held = torch.tensor(x / float(table.input_scale_S[step]), dtype=torch.float32)[:, None, None]
        seen = Seen((held,), ((table, step),))
        output = (torch.tensor(everything, dtype=torch.float32)[None, :, None, None] - seen.clean(torch.zeros(1))) / (
            seen.clean(torch.ones(1)) - seen.clean(torch.zeros(1))
        )
        assert torch.allclose(seen.clean(output).flatten().double(), torch.tensor(everything), atol=1e-4)
        eta = density[:2].sum() / density[2:].sum() / density[:2].mean()
        scales = tuple(torch.full((1, 1, 1, 1), number) for number in (1.0, float(eta), 0.0))
        got = seen.clean(PushAway(unsafe, 1.0)(output, (output, output), scales, seen))
        assert torch.allclose(got.flatten().double(), torch.tensor(safe), atol=1e-3)


def test_latents_that_are_near_no_reference_are_left_alone():
    file = reference_file()
    made = [cell("safe_denoiser", references=file, threshold=threshold) for threshold in (0.0, 0.05, 1.0)]
    [[never, now_and_then, always_far, plain]] = run([job(*made, cell("none"))]).results
    latents = [tiny_model().latents_of(one.picture) for one in (never, now_and_then, always_far, plain)]
    assert torch.equal(latents[2], latents[3])
    assert not torch.allclose(latents[0], latents[3], atol=1e-3)


def test_it_acts_early_only_and_then_shares_nothing_but_rows():
    levels = solver_table(tiny_model().scheduler("DDIMScheduler"), STEPS).levels
    acting = cell("safe_denoiser", last_level=levels[1])
    made = run([job(acting, cell("none"))], EngineConfig(max_rows=12, reproducible=True))
    assert made.counters.forks == 1 and made.results[0][0].rows_alone == 2 * STEPS
    late = run([job(cell("safe_denoiser", last_level=1.0), cell("none"))])
    assert late.counters.forks == 0 and late.digests[0][0] == late.digests[0][1]
    # g = 1 takes one row of plain guidance, and two where it acts
    unguided = run([job(cell("safe_denoiser", g=1.0, last_level=levels[1]))]).results[0][0]
    assert unguided.rows_alone == STEPS + 2


def test_references_of_another_shape_or_size_are_refused(tmp_path):
    file = save_references(torch.zeros(1, 4, 4, 4), tmp_path / "small.safetensors", {"width": "8", "height": "8"}).path
    wrong = cell("safe_denoiser", references=str(file))
    [[failed, well]] = run([job(wrong, cell("none"))]).results
    assert "its latents are [4, 4, 4], this picture's [4, 8, 8]" in failed.error and well.error is None
    wrong.guidance.check_sizes(frozenset({(8, 8)}))
    with pytest.raises(ValueError, match="is of pictures of 8 × 8 pixels, the run's are 16 × 8"):
        wrong.guidance.check_sizes(frozenset({(16, 8), (8, 8)}))
    cell("safe_denoiser", references=reference_file()).guidance.check_sizes(frozenset({(1, 1)}))


def test_a_cell_says_where_its_references_lie_and_keeps_their_digest():
    made = cell("safe_denoiser")
    assert isinstance(made, Cell) and Path(reference_file()).name == made.guidance.references.path.name
    assert f"sha256:{made.guidance.references.digest}" in made.canonical_json()


def test_on_a_flow_it_is_the_reference(tmp_path):
    pipe = random_sd3(False)
    model = StableDiffusion3(pipe)
    shape = tuple(model.initial_noise(0, 32, 32).shape)
    unsafe = torch.randn(3, *shape, generator=torch.Generator().manual_seed(0))
    file = save_references(unsafe, tmp_path / "unsafe.safetensors", {}).path
    guidance = {"method": "safe_denoiser", "references": str(file), "negative_scale": 2.0, "last_level": 0.4}
    made = Cell(guidance=guidance, guidance_scale=3.0, solver="FlowMatchEulerDiscreteScheduler", num_inference_steps=4)
    plain = made.model_copy(update={"guidance": cell("none").guidance})
    request = job(made, plain, size=32)
    [[got, unguided]] = final_latents(model, [request], EngineConfig(max_rows=8))
    scheduler = type(pipe.scheduler).from_config(pipe.scheduler.config)
    wanted = denoise(model, request, made, FlowSchedulers(model, made, scheduler)).latents
    assert torch.allclose(got, wanted, atol=1e-4) and not torch.allclose(got, unguided, atol=1e-3)
