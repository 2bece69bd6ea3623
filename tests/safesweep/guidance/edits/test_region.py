"""The edits along one direction in the engine: what they change, from when, at what cost, and with which guidance."""

import pytest
import torch

from safesweep.engine.config import EngineConfig
from safesweep.engine.trajectory import Request
from safesweep.guidance.cell import Cell
from safesweep.guidance.direction import Direction
from safesweep.guidance.edits.attribute_directions import AttributeDirections
from safesweep.guidance.edits.conditional_region import ConditionalRegion
from safesweep.guidance.edits.safe_region import SafeRegion
from safesweep.models.qwen_image import QwenImage
from safesweep.models.sd3 import StableDiffusion3
from safesweep.models.z_image import ZImage
from tests.safesweep.directions import random_direction
from tests.safesweep.engine_runs import final_latents

STEPS, START, G = 4, 2, 4.0
SOLVER = "DDIMScheduler"
PROMPT, SEED = "a red dagger", 7
NEGATIVE = {"method": "static_negative", "negative_scale": 3.0, "negative_prompt": "dagger"}
EDITS = {"safe_region": "shift", "conditional_region": "conditional"}
EXACT = EngineConfig(max_rows=4, reproducible=True)


def cell(edit=None, guidance=None):
    return Cell(
        guidance=guidance or {"method": "none"},
        edit=edit,
        guidance_scale=G,
        solver=SOLVER,
        num_inference_steps=STEPS,
    )


def edit(name, strength=1.0, start=START, direction=None):
    return {
        "edit": name,
        "direction": direction or random_direction(EDITS[name]),
        "strength": strength,
        "start_step": start,
    }


def without_effect(kind):
    """The numbers that discovery starts from."""
    first, second = random_direction(kind).factors
    return Direction("zero", kind, (first * 0, second) if kind == "shift" else (first, second * 0))


@torch.no_grad()
def slow(model, direction, strength, start, negative=0.0, seed=SEED):
    """One sample, one loop, diffusers' own scheduler, one network call a row."""
    scheduler = model.scheduler(SOLVER)
    scheduler.set_timesteps(STEPS)
    x = model.initial_noise(seed, 64, 64)[None]
    original = model.embed(PROMPT).tokens.double()
    first, second = (factor.double() for factor in direction.factors)
    if direction.kind == "shift":
        change = sum(torch.outer(b, a) for b, a in zip(first.T, second.T, strict=True))
    else:
        change = torch.stack(
            [sum(max(0.0, float(e @ a)) * b for a, b in zip(first.T, second, strict=True)) for e in original]
        )
    edited = (original + strength * change).float()

    def epsilon(tokens, timestep):
        return model.network(x, timestep, encoder_hidden_states=tokens[None], return_dict=False)[0]

    for step, timestep in enumerate(scheduler.timesteps):
        empty = epsilon(model.embed("").tokens, timestep)
        prompt = epsilon(edited if step >= start else original.float(), timestep)
        guided = empty + G * (prompt - empty)
        if negative:
            guided = guided - negative * (epsilon(model.embed("dagger").tokens, timestep) - empty)
        x = scheduler.step(guided, timestep, x).prev_sample
    return x[0]


def latents(model, *cells, seed=SEED):
    [made] = final_latents(model, [Request(PROMPT, seed, 64, 64, cells)], EXACT)
    return made


@pytest.mark.parametrize("name", EDITS)
@pytest.mark.parametrize(("strength", "start"), [(1.0, 0), (5.0, 1)])
def test_the_engine_equals_the_loop_from_the_formula(model, name, strength, start):
    [made] = latents(model, cell(edit(name, strength, start)))
    expected = slow(model, random_direction(EDITS[name]), strength, start)
    assert torch.allclose(made, expected, rtol=0, atol=1e-4)
    assert not torch.allclose(made, slow(model, random_direction(EDITS[name]), 0.0, 0), rtol=0, atol=1e-2)


@pytest.mark.parametrize("name", EDITS)
def test_any_guidance_takes_an_edited_prompt(model, name):
    [made] = latents(model, cell(edit(name, 5.0), NEGATIVE))
    assert torch.allclose(made, slow(model, random_direction(EDITS[name]), 5.0, START, 3.0), rtol=0, atol=1e-4)
    assert not torch.allclose(made, slow(model, random_direction(EDITS[name]), 0.0, START, 3.0), rtol=0, atol=1e-2)


@pytest.mark.parametrize("name", EDITS)
def test_without_strength_or_without_numbers_it_is_none_bit_for_bit_and_shares_its_trajectory(model, name):
    [alone] = latents(model, cell())
    rows = final_latents.counters.rows
    idle = [cell(edit(name, strength=0.0)), cell(edit(name, direction=without_effect(EDITS[name])))]
    for other in idle:
        [apart] = latents(model, other)
        assert torch.equal(apart, alone)
    for together in latents(model, cell(), *idle):
        assert torch.equal(together, alone)
    assert final_latents.counters.rows == rows == 2 * STEPS and final_latents.counters.forks == 0


@pytest.mark.parametrize("name", EDITS)
def test_an_edit_adds_no_row_and_shares_until_it_starts(model, name):
    latents(model, cell(edit(name)))
    assert final_latents.counters.rows == 2 * STEPS
    latents(model, cell(), cell(edit(name)))
    # at the step where they part the empty prompt's row is still one
    assert final_latents.counters.rows == 2 * START + 3 + 4 * (STEPS - START - 1)
    assert final_latents.counters.forks == 1


@pytest.mark.parametrize(
    ("written", "message"),
    [
        ({"edit": "safe_region", "direction": random_direction("conditional")}, "takes a direction of kind shift"),
        ({"edit": "conditional_region", "direction": random_direction()}, "takes a direction of kind conditional"),
        ({"edit": "safe_region", "direction": random_direction(), "start_step": 4}, "beyond the last of 4 steps, 3"),
        ({"edit": "safe_region", "direction": random_direction(), "strength": float("nan")}, "finite"),
        ({"edit": "safe_region", "direction": "nowhere"}, "direction 'nowhere' is no folder"),
        ({"edit": "safe_region", "direction": 3}, "direction"),
    ],
)
def test_what_cannot_work_is_refused(written, message):
    with pytest.raises(ValueError, match=message):
        cell(written)


def test_a_direction_for_another_encoder_ends_its_own_trial_by_name(model):
    from safesweep.engine.engine import Engine

    foreign = random_direction(tokens=77, width=768)
    engine = Engine(model, EXACT)
    [failed] = engine.submit(Request(PROMPT, SEED, 64, 64, (cell(edit("safe_region", direction=foreign)),))).result(60)
    engine.close()
    assert failed.picture is None and "made for embeddings of 77 tokens × 768" in failed.error


@pytest.mark.parametrize("family", [ZImage, QwenImage])
def test_a_shift_by_place_is_refused_where_texts_have_no_fixed_length(family):
    with pytest.raises(
        ValueError, match=f"direction 'random' shifts every token by its place; texts of {family.__name__}"
    ):
        SafeRegion(direction=random_direction("shift")).check_family(family)
    with pytest.raises(ValueError, match="allowed: directions of kind conditional"):
        AttributeDirections(directions=[random_direction("conditional"), random_direction("shift")]).check_family(
            family
        )
    ConditionalRegion(direction=random_direction("conditional")).check_family(family)
    SafeRegion(direction=random_direction("shift")).check_family(StableDiffusion3)
