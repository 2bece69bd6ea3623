"""What a method sees of the latents, against diffusers' noising of a known picture."""

from typing import Any

import pytest
import torch

from safesweep.engine import batch
from safesweep.guidance.methods.seen import Seen
from safesweep.models.flow import flow_scheduler
from safesweep.models.probe import SUPPORTED
from safesweep.models.solver import SolverTable, solver_table
from tests.safesweep.engine.test_batch import predicted, steps_of, trajectory
from tests.safesweep.tiny import tiny_model

CHANCE = torch.Generator().manual_seed(5)
PICTURE, NOISE = torch.randn(2, 4, 8, 8, generator=CHANCE)


def table_of(solver: str, steps: int = 6, **config: Any) -> SolverTable:
    scheduler = tiny_model().scheduler(solver)
    return solver_table(type(scheduler).from_config(scheduler.config, **config), steps)


@pytest.mark.parametrize("solver", SUPPORTED)
def test_latents_are_the_picture_and_the_noise_whatever_the_solver_holds(solver):
    table, scheduler = table_of(solver), tiny_model().scheduler(solver)
    scheduler.set_timesteps(6)
    for step in range(table.steps):
        ratio = float((1 - scheduler.alphas_cumprod)[scheduler.timesteps[step].round().long()]) ** 0.5
        held = (PICTURE + NOISE * float(table.noise_S[step] / table.signal_S[step])) * float(
            table.signal_S[step] / table.input_scale_S[step]
        )
        seen = Seen((held,), ((table, step),))
        assert float(seen.sigma) == pytest.approx(ratio, abs=2e-3)
        assert float(seen.alpha**2 + seen.sigma**2) == pytest.approx(1, abs=1e-5)
        assert torch.allclose(seen.latents, seen.alpha * PICTURE + seen.sigma * NOISE, atol=1e-5)
        assert torch.allclose(seen.clean(NOISE[None]), PICTURE[None], atol=1e-3)
        following = table.signal_S[step + 1] if step + 1 < table.steps else torch.ones(())
        assert float(seen.next_alpha) == float(following)
    assert float(seen.next_sigma) == 0


def test_a_network_that_predicts_v_and_a_flow_are_seen_alike():
    v_table = table_of("DDIMScheduler", prediction_type="v_prediction")
    flow_table = solver_table(flow_scheduler("FlowMatchEulerDiscreteScheduler", {}), 6)
    for table, flow in ((v_table, False), (flow_table, True)):
        for step in (0, 3, 5):
            alpha, sigma = float(table.signal_S[step]), float(table.noise_S[step])
            output = NOISE - PICTURE if flow else alpha * NOISE - sigma * PICTURE
            seen = Seen((alpha * PICTURE + sigma * NOISE,), ((table, step),))
            assert torch.allclose(seen.clean(output[None]), PICTURE[None], atol=1e-4)
            shifted = seen.moved(output[None], torch.full((1, 4, 8, 8), 0.25))
            assert torch.allclose(seen.clean(shifted), PICTURE[None] + 0.25, atol=1e-4)


def test_a_mixed_batch_is_seen_as_each_alone_and_a_preview_is_the_same_bits():
    mixed = [
        predicted(trajectory("none", solver, step=step))
        for solver, step in (("DDIMScheduler", 0), ("EulerDiscreteScheduler", 3), ("UniPCMultistepScheduler", 5))
    ]
    steps = steps_of(mixed)
    guided = torch.stack(batch.combine(tiny_model(), steps))
    together = Seen(tuple(t.latents[0] for t in mixed), tuple((t.table, t.step) for t in mixed))
    previews = batch.predicted_clean(tiny_model(), steps)
    assert torch.equal(together.clean(guided), torch.stack(previews))
    for row, one in enumerate(mixed):
        alone = Seen((one.latents[0],), ((one.table, one.step),))
        for name in ("latents", "alpha", "sigma", "next_alpha", "next_sigma", "noise_per_output"):
            assert torch.equal(getattr(together, name)[row], getattr(alone, name)[0]), name
