"""Discovery: its gradient, its first update, the trajectories that it walks, and going on after a stop."""

import copy
import io

import pytest
import torch
from diffusers import LMSDiscreteScheduler

from miniature import WEIGHTS
from safesweep.errors import InputError
from safesweep.guidance.direction import edited_tokens
from safesweep.guidance.discovery import Discovery, Walk, edited_text, initial_factors, losses
from safesweep.guidance.recipe import Recipe
from safesweep.models import load as load_model
from safesweep.models.stable_diffusion import StableDiffusion
from tests.marks import SLOW
from tests.random_models import random_pipeline

SMALL = {
    "prompts": ("an image of dagger, flame", "an image of a skull"),
    "concept": "dagger, flame, skull",
    "width": 64,
    "height": 64,
    "num_inference_steps": 4,
    "start_step": 1,
    "rounds": 2,
}
CONDITIONAL = {
    **SMALL,
    "kind": "conditional",
    "rank": 2,
    "harmless": ("a red circle", "a blue key", "a green cup"),
    "pictures": 2,
    "learning_rate": 0.01,
}
KINDS = {"shift": SMALL, "conditional": CONDITIONAL}


@pytest.fixture(scope="module")
def model():
    """Its own: discovery freezes the network."""
    return StableDiffusion(random_pipeline())


def recipe(base=SMALL, **changes):
    return Recipe(**{**base, **changes})


def test_the_defaults_are_the_references():
    default = Recipe(prompts=("p",), concept="c")
    assert (default.kind, default.rank, default.aim) == ("shift", 1, "away")
    assert (default.solver, default.num_inference_steps, default.start_step) == ("LMSDiscreteScheduler", 50, 10 - 1)
    assert (default.learning_rate, default.loss_scale) == (0.06, 10.0)
    assert (default.guidance_scale, default.target_scale) == (7.5, 7.5)
    assert (default.rounds, default.pictures) == (60, 1)
    # "60 seeds ≈ 2,460 updates"
    assert default.rounds * (default.num_inference_steps - default.start_step) == 2460


@pytest.mark.parametrize(("kind", "moved", "still"), [("shift", 0, 1), ("conditional", 1, 0)])
def test_the_first_update_moves_the_zeros_and_not_the_gaussian(model, kind, moved, still):
    discovery = Discovery(model, recipe(KINDS[kind], num_inference_steps=2, rounds=1))
    before = [part.detach().clone() for part in discovery.factors]
    assert not before[moved].any()
    [update] = discovery.round()
    assert update.step == 1 and update.loss > 0
    assert torch.equal(discovery.factors[still], before[still])
    # Adam's first step is the learning rate in size wherever there is a gradient
    change = (discovery.factors[moved] - before[moved]).detach().abs()
    rate = discovery.recipe.learning_rate
    assert change.max() == pytest.approx(rate, rel=1e-3) and (change > 0.5 * rate).float().mean() > 0.9


@SLOW
@pytest.mark.parametrize("aim", ["away", "toward"])
@pytest.mark.parametrize("kind", KINDS)
def test_the_gradient_equals_a_finite_difference(kind, aim):
    """In float64, at a point where neither factor is zero, straight from the formula of methods.md."""
    model = StableDiffusion(random_pipeline())
    model._pipe.to(torch.float64)
    model.dtype = torch.float64
    model.network.requires_grad_(False)
    wanted = recipe(KINDS[kind], aim=aim)
    count = wanted.pictures * (2 if wanted.harmless else 1)
    prompts = [*wanted.prompts[: wanted.pictures], *wanted.harmless[: wanted.pictures]][:count]
    texts = [model.embed(prompt)._replace(tokens=model.embed(prompt).tokens.clone()) for prompt in prompts]
    latents = torch.stack([model.initial_noise(seed, 64, 64) for seed in range(count)]).double()
    timesteps = torch.full((count,), 400)
    generator = torch.Generator().manual_seed(3)
    start = initial_factors(kind, wanted.rank, 24, 96, seed=0)
    point = [part.double() + 0.05 * torch.randn(part.shape, generator=generator, dtype=torch.float64) for part in start]

    with torch.no_grad():
        empty = model.predict(latents, timesteps, [model.embed("")] * count)
        compared = [model.embed(wanted.concept)] * wanted.pictures + texts[wanted.pictures :]
        reference = model.predict(latents, timesteps, compared)

    def by_discovery(factors):
        edited = model.predict(latents, timesteps, [edited_text(kind, factors, text) for text in texts])
        loss, harmless = losses(wanted, edited, empty, reference)
        return loss + wanted.harmless_weight * harmless

    @torch.no_grad()
    def by_formula(factors):
        first, second = factors
        total = 0.0
        for place, text in enumerate(texts):
            e = text.tokens
            change = first @ second.T if kind == "shift" else (e @ first).clamp(min=0) @ second
            got = model.predict(latents[place : place + 1], timesteps[:1], [text._replace(tokens=e + change)])[0]
            if place >= wanted.pictures:
                target, weight = reference[place], wanted.harmless_weight
            elif aim == "away":
                target, weight = reference[place] + 7.5 * (empty[place] - reference[place]), 1.0
            else:
                target, weight = empty[place] + 7.5 * (reference[place] - empty[place]), 1.0
            total += weight * float(((got - target) ** 2).mean()) / wanted.pictures
        return total

    leaves = [part.clone().requires_grad_(True) for part in point]
    loss = by_discovery(tuple(leaves))
    assert loss.dtype == torch.float64 and loss.item() == pytest.approx(by_formula(point), rel=1e-9)
    loss.backward()
    step = 1e-5
    for index, leaf in enumerate(leaves):
        along = torch.randn(leaf.shape, generator=generator, dtype=torch.float64)
        ends = []
        for sign in (1, -1):
            moved = list(point)
            moved[index] = point[index] + sign * step * along
            ends.append(by_formula(moved))
        slope = (ends[0] - ends[1]) / (2 * step)
        assert float((leaf.grad * along).sum()) == pytest.approx(slope, rel=1e-5)


def test_a_walk_takes_the_schedulers_own_steps(model):
    """Against diffusers' LMS, which looks back four steps."""
    wanted = recipe(num_inference_steps=7, start_step=0)
    walk = Walk(model, wanted, ["a red dagger", "a blue cup"], [3, 4])
    scheduler = model.scheduler("LMSDiscreteScheduler")
    assert isinstance(scheduler, LMSDiscreteScheduler)
    scheduler.set_timesteps(7)
    x = torch.stack([model.initial_noise(seed, 64, 64) for seed in (3, 4)]) * scheduler.init_noise_sigma
    generator = torch.Generator().manual_seed(0)
    for timestep in scheduler.timesteps:
        latents, timesteps = walk.seen()
        assert torch.allclose(latents, scheduler.scale_model_input(x, timestep), rtol=1e-5, atol=1e-5)
        assert (timesteps == timestep).all()
        predicted = torch.randn(x.shape, generator=generator)
        walk.advance(predicted)
        x = scheduler.step(predicted, timestep, x).prev_sample
    assert walk.step == walk.table.steps


def test_a_round_is_the_loop_of_the_paper(model):
    """One seed, written out: plain E before the start step, then loss, Adam's step, and on by the same prediction."""
    wanted = recipe(rounds=1, first_seed=5)
    discovery = Discovery(model, wanted)
    updates = discovery.round()

    scheduler = model.scheduler(wanted.solver)
    scheduler.set_timesteps(4)
    x = model.initial_noise(5, 64, 64)[None] * scheduler.init_noise_sigma
    e, empty, concept = (model.embed(t).tokens.clone() for t in (wanted.prompts[0], "", wanted.concept))
    b, a = (part.requires_grad_(True) for part in initial_factors("shift", 1, 24, 96, seed=5))
    adam = torch.optim.Adam([b, a], lr=0.06)
    seen = []
    for step, timestep in enumerate(scheduler.timesteps):
        scaled = scheduler.scale_model_input(x, timestep)

        def epsilon(tokens, scaled=scaled, timestep=timestep):
            return model.network(scaled, timestep, encoder_hidden_states=tokens[None], return_dict=False)[0]

        with torch.no_grad():
            nothing, unsafe = epsilon(empty), epsilon(concept)
        if step < 1:
            with torch.no_grad():
                edited = epsilon(e)
        else:
            edited = epsilon(e + torch.outer(b[:, 0], a[:, 0]))
            loss = 10 * torch.nn.functional.mse_loss(edited, unsafe + 7.5 * (nothing - unsafe))
            adam.zero_grad()
            loss.backward()
            adam.step()
            seen.append(loss.item() / 10)
        with torch.no_grad():
            x = scheduler.step(nothing + 7.5 * (edited - nothing), timestep, x).prev_sample
    assert [update.loss for update in updates] == pytest.approx(seen, rel=1e-4)
    assert [update.step for update in updates] == [1, 2, 3]
    # Adam divides by a gradient's own size, which magnifies rounding where that is small
    assert torch.allclose(discovery.factors[0], b, atol=2e-3) and torch.allclose(discovery.factors[1], a, atol=2e-3)


@SLOW
@pytest.mark.parametrize("kind", KINDS)
def test_going_on_from_a_saved_state_equals_never_having_stopped(model, kind):
    wanted = recipe(KINDS[kind])
    whole = Discovery(model, wanted)
    for _ in whole.run():
        pass
    begun = Discovery(model, wanted)
    begun.round()
    file = io.BytesIO()
    torch.save(begun.state(), file)
    begun.round()
    file.seek(0)
    resumed = Discovery(model, wanted, torch.load(file, weights_only=True))
    assert resumed.rounds_done == 1 and not resumed.done
    resumed.round()
    assert resumed.done and resumed.updates == whole.updates
    assert all(torch.equal(one, two) for one, two in zip(resumed.factors, whole.factors, strict=True))
    assert resumed.direction("d", "m").digest == whole.direction("d", "m").digest


def test_the_state_of_another_recipe_is_refused(model):
    state = Discovery(model, recipe()).state()
    with pytest.raises(InputError, match="another recipe"):
        Discovery(model, recipe(rank=2), copy.deepcopy(state))


def test_pictures_of_a_round_have_their_own_prompts_and_seeds_and_are_learned_from_together(model):
    """A round of two is not two rounds of one, but its loss is the mean of theirs while nothing was learned yet."""
    both = Discovery(model, recipe(pictures=2, num_inference_steps=2, rounds=1)).round()
    alone = []
    for place in range(2):
        single = recipe(prompts=(SMALL["prompts"][place],), first_seed=place, num_inference_steps=2, rounds=1)
        alone += Discovery(model, single).round()
    assert both[0].loss == pytest.approx(sum(update.loss for update in alone) / 2, rel=1e-4)


@pytest.mark.parametrize(("dtype", "tolerance"), [("bfloat16", 0.2), ("float16", 0.02)])
def test_a_half_type_learns_the_same_way(dtype, tolerance):
    """On the trained network: that of random weights hardly minds its text, so that rounding is all that would be seen."""
    wanted = recipe(num_inference_steps=5, start_step=4, rounds=1)
    half, full = (Discovery(load_model(str(WEIGHTS / "diffusion"), dtype=d), wanted) for d in (dtype, "float32"))
    [got], [expected] = half.round(), full.round()
    assert got.loss == pytest.approx(expected.loss, rel=tolerance)
    assert half.factors[0].dtype == torch.float32
    same = (torch.sign(half.factors[0]) == torch.sign(full.factors[0])).float().mean()
    assert same > 0.9


def test_numbers_that_run_away_are_reported(model):
    with pytest.raises(InputError, match=r"not finite in round 0, step \d; lower learning_rate"):
        for _ in Discovery(model, recipe(learning_rate=1e30)).run():
            pass


@pytest.mark.parametrize("kind", KINDS)
def test_what_is_found_edits_as_it_was_learned(model, kind):
    discovery = Discovery(model, recipe(KINDS[kind]))
    discovery.round()
    found = discovery.direction("mine", "miniature@0")
    tokens = model.embed("a red dagger").tokens.clone()
    with torch.no_grad():
        assert torch.equal(found.edit(tokens, 1.0), edited_tokens(kind, discovery.factors, tokens, 1.0))
    assert found.recipe == discovery.recipe.model_dump(mode="json") and found.base_model == "miniature@0"


def test_a_start_step_beyond_the_last_is_refused():
    with pytest.raises(ValueError, match=r"start_step\n.*step 4 is beyond the last of 4 steps, 3"):
        recipe(start_step=4)
