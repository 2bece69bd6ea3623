"""SDXL in the engine against ``StableDiffusionXLPipeline``, and where that has no such method, against a loop over its own parts."""

from dataclasses import replace
from typing import ClassVar

import numpy as np
import pytest
import torch
from diffusers import AutoencoderKL, StableDiffusionXLPipeline

from safesweep.engine.config import EngineConfig
from safesweep.engine.trajectory import Request
from safesweep.guidance.cell import Cell
from safesweep.guidance.edits.base import Edit, EditedPrompt
from safesweep.models.probe import SUPPORTED
from safesweep.models.sdxl import StableDiffusionXL
from safesweep.models.text import Encodes, named_by_content
from tests.random_models import WIDTHS, random_sdxl
from tests.safesweep.engine_runs import final_latents

PROMPTS = ("a red circle", "a blue key and a green leaf in the dark")
NEGATIVE = "dagger, flame"
STEPS, G, SEED = 5, 5.0, 7
WIDTH, HEIGHT = 96, 64
"""Not square: the time ids tell which side is which."""
EXACT = EngineConfig(max_rows=8, reproducible=True)


class Shift(Edit):
    """Adds a constant to every token; the smallest thing that an edit can be."""

    name: ClassVar[str] = "shift"
    by: float

    def apply(self, encodes: Encodes, prompt: str, seed: int) -> EditedPrompt:
        before = encodes.embed(prompt)
        after = before._replace(tokens=before.tokens + self.by)
        return EditedPrompt(prompt, named_by_content(prompt, before, after), first=1)


@pytest.fixture(scope="module")
def pipe() -> StableDiffusionXLPipeline:
    return random_sdxl()


@pytest.fixture(scope="module")
def model(pipe: StableDiffusionXLPipeline) -> StableDiffusionXL:
    return StableDiffusionXL(pipe)


def cell(method: str = "none", edit: Edit | None = None, solver: str = "EulerDiscreteScheduler", **numbers) -> Cell:
    guidance = {"method": method, **numbers}
    return Cell(guidance=guidance, edit=edit, guidance_scale=G, solver=solver, num_inference_steps=STEPS)


def run(model: StableDiffusionXL, *cells: Cell) -> list[list[torch.Tensor]]:
    """The engine's final latents of both prompts, a list of one a cell each."""
    return final_latents(model, jobs(*cells), EXACT)


def jobs(*cells: Cell) -> list[Request]:
    return [Request(prompt, SEED, WIDTH, HEIGHT, cells) for prompt in PROMPTS]


def pipeline(pipe: StableDiffusionXLPipeline, prompt: str, output: str, negative: str | None = None):
    """What diffusers makes, as "latent" [C, H, W] or as "np" [H, W, 3] from 0 to 1."""
    return pipe(
        prompt,
        negative_prompt=negative,
        guidance_scale=G,
        num_inference_steps=STEPS,
        width=WIDTH,
        height=HEIGHT,
        generator=torch.Generator().manual_seed(SEED),
        output_type=output,
    ).images[0]


@torch.inference_mode()
def loop(
    pipe: StableDiffusionXLPipeline, prompt: str, negative: str = "", scale: float = 0.0, shift: float = 0.0
) -> torch.Tensor:
    """Final latents from the formula, one network call a row, on the pipeline's own embeddings, time ids and scheduler."""
    positive, empty, pooled, empty_pooled = pipe.encode_prompt(prompt)
    _, against, _, against_pooled = pipe.encode_prompt(prompt, negative_prompt=negative)
    width = pipe.text_encoder_2.config.projection_dim
    size = (HEIGHT, WIDTH)
    ids = pipe._get_add_time_ids(size, (0, 0), size, dtype=torch.float32, text_encoder_projection_dim=width)
    pipe.scheduler.set_timesteps(STEPS)
    shape = (1, 4, HEIGHT // 8, WIDTH // 8)
    x = torch.randn(shape, generator=torch.Generator().manual_seed(SEED)) * pipe.scheduler.init_noise_sigma
    for step, timestep in enumerate(pipe.scheduler.timesteps):
        scaled = pipe.scheduler.scale_model_input(x, timestep)

        def epsilon(tokens: torch.Tensor, summary: torch.Tensor, scaled=scaled, timestep=timestep) -> torch.Tensor:
            added = {"text_embeds": summary, "time_ids": ids}
            return pipe.unet(scaled, timestep, encoder_hidden_states=tokens, added_cond_kwargs=added).sample

        base = epsilon(empty, empty_pooled)
        guided = base + G * (epsilon(positive + (shift if step else 0.0), pooled) - base)
        if scale:
            guided = guided - scale * (epsilon(against, against_pooled) - base)
        x = pipe.scheduler.step(guided, timestep, x).prev_sample
    return x[0]


def same(got: torch.Tensor, wanted: torch.Tensor) -> bool:
    return bool((got - wanted).abs().max() <= 1e-4)


def unusual_vae() -> AutoencoderKL:
    """The random autoencoder with a mean and a deviation of its latents."""
    vae = random_sdxl().vae
    vae.register_to_config(latents_mean=[0.5, -0.5, 0.2, 0.1], latents_std=[1.5, 0.7, 1.1, 0.9])
    return vae


@pytest.mark.parametrize("zeros", [True, False])
def test_embeddings_are_those_of_the_pipeline(zeros):
    pipe = random_sdxl(force_zeros_for_empty_prompt=zeros)
    model = StableDiffusionXL(pipe)
    for prompt in PROMPTS:
        tokens, empty, pooled, empty_pooled = pipe.encode_prompt(prompt)
        _, against, _, against_pooled = pipe.encode_prompt(prompt, negative_prompt=NEGATIVE)
        for text, wanted in (
            (prompt, (tokens, pooled)),
            ("", (empty, empty_pooled)),
            (NEGATIVE, (against, against_pooled)),
        ):
            assert all(torch.equal(got, one[0]) for got, one in zip(model.embed(text), wanted, strict=True))
    assert (model.embed("").tokens.abs().max() == 0) == zeros


@pytest.mark.parametrize(
    "changes",
    [{}, {"force_zeros_for_empty_prompt": False}, {"vae": unusual_vae()}],
    ids=["as released", "empty prompt encoded", "latents with a mean"],
)
def test_none_equals_the_pipeline(changes):
    pipe = random_sdxl(**changes)
    model = StableDiffusionXL(pipe)
    for prompt, [got] in zip(PROMPTS, run(model, cell()), strict=True):
        assert same(got, pipeline(pipe, prompt, "latent"))
        [picture] = model.decode(got[None], 1)
        assert picture.shape == (HEIGHT, WIDTH, 3) and picture.std() > 10
        assert np.abs(picture / 255 - pipeline(pipe, prompt, "np")).max() <= 0.5 / 255 + 1e-4


@pytest.mark.parametrize("solver", SUPPORTED)
def test_every_solver_runs_on_the_pipelines_own_noise_schedule(solver):
    pipe = random_sdxl()
    model = StableDiffusionXL(pipe)
    results = run(model, cell(solver=solver))
    pipe.scheduler = model.scheduler(solver)
    assert pipe.scheduler.config.timestep_spacing == "leading"
    for prompt, [got] in zip(PROMPTS, results, strict=True):
        assert same(got, pipeline(pipe, prompt, "latent"))


def test_what_the_schedulers_config_says_is_kept(pipe):
    config = {**pipe.scheduler.config, "steps_offset": 0}
    own = random_sdxl(scheduler=pipe.scheduler.from_config(config))
    model = StableDiffusionXL(own)
    for prompt, [got] in zip(PROMPTS, run(model, cell()), strict=True):
        assert same(got, pipeline(own, prompt, "latent"))


def test_a_negative_prompt_equals_the_pipelines(pipe, model):
    results = run(model, cell("negative_prompt", negative_prompt=NEGATIVE))
    for prompt, [got] in zip(PROMPTS, results, strict=True):
        assert same(got, pipeline(pipe, prompt, "latent", NEGATIVE))


def test_a_static_negative_equals_the_plain_loop(pipe, model):
    results = run(model, cell("static_negative", negative_prompt=NEGATIVE, negative_scale=3.0))
    for prompt, [got] in zip(PROMPTS, results, strict=True):
        wanted = loop(pipe, prompt, NEGATIVE, 3.0)
        assert same(got, wanted) and not same(got, loop(pipe, prompt))


def test_an_edit_acts_on_the_joined_embedding_of_the_conditional_row(pipe, model):
    edits = [
        cell(edit=Shift(by=0.3)),
        cell("static_negative", Shift(by=0.3), negative_prompt=NEGATIVE, negative_scale=2.0),
    ]
    for prompt, [plain, guided] in zip(PROMPTS, run(model, *edits), strict=True):
        assert same(plain, loop(pipe, prompt, shift=0.3))
        assert same(guided, loop(pipe, prompt, NEGATIVE, 2.0, 0.3))


def test_an_edit_that_changes_nothing_shares_every_row(model):
    for unedited, edited in run(model, cell(), cell(edit=Shift(by=0.0))):
        assert torch.equal(unedited, edited)
    assert final_latents.counters.rows == len(PROMPTS) * 2 * STEPS


def test_an_embedding_without_its_pooled_part_is_refused(model):
    bare = model.embed("a red circle")._replace(pooled=None)
    with pytest.raises(ValueError, match="no pooled part, which the network needs"):
        model.noise(torch.zeros(1, 4, 8, 8), torch.tensor([1]), [bare])


def test_texts_and_pictures_do_not_depend_on_neighbours(pipe, model):
    cells = (cell(), cell("static_negative", negative_prompt=NEGATIVE, negative_scale=2.0))
    together = run(model, *cells)
    for job, results in zip(jobs(*cells), together, strict=True):
        fresh = StableDiffusionXL(pipe)
        for one, result in zip(cells, results, strict=True):
            [[alone]] = final_latents(fresh, [replace(job, cells=(one,))], EXACT)
            assert torch.equal(alone, result)
        assert all(torch.equal(a, b) for a, b in zip(fresh.embed(job.text), model.embed(job.text), strict=True))


def test_both_encoders_give_hidden_and_pooled_states_of_any_ids(pipe, model):
    for encoder, width in zip(model.encoders, WIDTHS, strict=True):
        ids = encoder.ids(PROMPTS[0]).repeat(3, 1)
        ids[torch.arange(3), torch.arange(3) + 1] = 0
        assert encoder.hidden(ids).shape == (3, 24, width)
        pooled = encoder.pooled(ids)
        assert pooled.shape == (3, width) and not torch.equal(pooled[0], pooled[1])
    joined = [encoder.hidden(encoder.ids(PROMPTS[0]))[0] for encoder in model.encoders]
    assert torch.equal(torch.cat(joined, dim=-1), model.embed(PROMPTS[0]).tokens)


@pytest.mark.parametrize(("dtype", "decodes_in"), [("float16", torch.float32), ("bfloat16", torch.bfloat16)])
def test_a_decoder_that_overflows_in_half_precision_decodes_in_float32(dtype, decodes_in):
    pipe = random_sdxl()
    model = StableDiffusionXL(pipe, dtype=dtype)
    assert pipe.vae.dtype == decodes_in and pipe.unet.dtype == model.dtype == model.embed("a key").tokens.dtype
    [picture] = model.decode(torch.randn(1, 4, 8, 8, generator=torch.Generator().manual_seed(0)), 1)
    assert picture.shape == (64, 64, 3) and picture.std() > 10


def test_a_decoder_that_does_not_overflow_stays_as_it_is():
    pipe = random_sdxl()
    pipe.vae.register_to_config(force_upcast=False)
    StableDiffusionXL(pipe, dtype="float16")
    assert pipe.vae.dtype == torch.float16
