"""CRG against the formulas written out for one sample, and whom it leaves alone."""

import pytest
import torch

from safesweep.guidance.methods.crg import presence, subtract_present
from safesweep.guidance.methods.seen import Seen
from safesweep.models.flow import flow_scheduler
from safesweep.models.solver import solver_table
from tests.safesweep.tiny import STEPS, cell, job, run, tiny_model

SHAPE = (4, 8, 8)
SCALES = tuple(torch.full((1, 1, 1, 1), number) for number in (4.0, 3.0, 5.0, 1.5))
"""g, λ, τ, K."""


def test_presence_and_strength_are_the_formulas():
    scheduler = tiny_model().scheduler("DDIMScheduler")
    table, chance = solver_table(scheduler, STEPS), torch.Generator().manual_seed(0)
    scheduler.set_timesteps(STEPS)
    bars = [float(scheduler.alphas_cumprod[timestep]) for timestep in scheduler.timesteps] + [1.0]
    kept, earlier, acted = torch.zeros(1, 3, *SHAPE), 0.0, set()
    for step in range(STEPS):
        empty, prompt, concept = torch.randn(3, *SHAPE, generator=chance).double() * (0.1 + 0.1 * step)
        nearer = float(((prompt - empty) ** 2).sum() - ((prompt - concept) ** 2).sum())
        alpha = bars[step] / bars[step + 1]
        now = 1.5 / 2 * nearer + earlier
        earlier += (1 - alpha) / (2 * alpha * (1 - bars[step])) * nearer
        omega = max(0.0, now - 5.0) / (1.5 * float(((concept - empty) ** 2).sum()))
        acted.add(omega > 0)
        eps = tuple(one.float()[None] for one in (empty, prompt, concept))
        kept = presence(eps, SCALES[3:], kept, Seen((torch.zeros(SHAPE),), ((table, step),)))
        assert float(kept[0, 0, 0, 0, 0]) == pytest.approx(now, rel=1e-3, abs=1e-2)
        assert float(kept[0, 1, 0, 0, 0]) == pytest.approx(earlier, rel=1e-3, abs=1e-2)
        wanted = empty + 4 * (prompt - empty) - 3 * omega * (concept - empty)
        got = subtract_present((*eps, kept), SCALES)[0].double()
        assert torch.allclose(got, wanted, rtol=1e-3, atol=1e-2)
    assert acted == {True, False}


def test_a_flow_begins_with_nothing_shown():
    table = solver_table(flow_scheduler("FlowMatchEulerDiscreteScheduler", {}), 4)
    assert float(table.noise_S[0]) == 1
    eps = tuple(torch.randn(3, 1, *SHAPE, generator=torch.Generator().manual_seed(1)))
    kept = presence(eps, SCALES[3:], torch.zeros(1, 3, *SHAPE), Seen((torch.zeros(SHAPE),), ((table, 0),)))
    assert (kept == 0).all()
    low = (*SCALES[:2], torch.full((1, 1, 1, 1), -9.0), SCALES[3])
    assert torch.equal(subtract_present((*eps, kept), low), eps[0] + 4 * (eps[1] - eps[0]))


def test_what_is_not_there_is_not_negated():
    """Beyond any presence the threshold leaves the prompt as plain guidance makes it; a third row is taken all the same."""
    [[never, plain, always]] = run([job(cell("crg", threshold=1e9), cell("none"), cell("crg"))]).results
    latents = [tiny_model().latents_of(one.picture) for one in (never, plain, always)]
    assert (latents[0] - latents[1]).abs().max() <= 1e-4 < (latents[2] - latents[1]).abs().max()
    assert never.rows_alone == 3 * STEPS
