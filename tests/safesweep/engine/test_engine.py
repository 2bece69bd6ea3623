"""The engine against the slow reference and against diffusers' own pipeline; sharing; what is refused."""

from typing import ClassVar

import numpy as np
import pytest
import torch
from diffusers import StableDiffusionPipeline

from safesweep.engine.config import EngineConfig
from safesweep.engine.engine import Engine
from safesweep.guidance.cell import parse_method
from safesweep.guidance.edits.base import Edit, EditedPrompt
from safesweep.guidance.methods import METHODS
from safesweep.models.probe import SUPPORTED
from safesweep.models.text import Encodes, TextEmbedding, named_by_content
from tests.safesweep.conftest import answered
from tests.safesweep.reference import Schedulers, Tables, denoise
from tests.safesweep.tiny import ASKED, EXACT, SIZE, STEPS, cell, glance, job, run, tiny_model

AGAINST = pytest.mark.parametrize("method", METHODS)
SOLVERS = pytest.mark.parametrize("solver", SUPPORTED)
LOOSE = EngineConfig(max_rows=12)


@SOLVERS
@AGAINST
def test_engine_equals_the_reference_on_diffusers_schedulers(method, solver):
    model, wanted_cell = tiny_model(), cell(method, solver=solver)
    wanted = denoise(model, job(), wanted_cell, Schedulers(model, wanted_cell), glance)
    [[got]] = run([job(wanted_cell)], LOOSE).results
    assert got.error is None
    assert (model.latents_of(got.picture) - wanted.latents).abs().max() <= 1e-4
    assert np.abs(got.picture.astype(int) - wanted.picture).max() <= 1
    assert [(e.step, e.answer, e.reused) for e in got.exchanges] == wanted.asked
    assert got.rows_alone == wanted.rows


@SOLVERS
@AGAINST
def test_engine_equals_the_reference_bitwise_at_one_batch_shape(method, solver):
    model, wanted_cell = tiny_model(), cell(method, solver=solver)
    wanted = denoise(model, job(seed=3), wanted_cell, Tables(model, wanted_cell, EXACT.max_rows), glance)
    # beside another trial, so that no row has a batch for itself
    [[got], [_]] = run([job(wanted_cell, seed=3), job(cell("none", g=2.0), text="a blue key")], EXACT).results
    assert torch.equal(model.latents_of(got.picture), wanted.latents)
    assert np.array_equal(got.picture, wanted.picture)
    assert [(e.step, e.answer, e.reused) for e in got.exchanges] == wanted.asked


@AGAINST
@pytest.mark.parametrize("g", [1.0, 0.0, -1.0])
def test_without_guidance_the_engine_equals_the_reference(method, g):
    model, wanted_cell = tiny_model(), cell(method, g=g)
    wanted = denoise(model, job(), wanted_cell, Schedulers(model, wanted_cell), glance)
    [[got]] = run([job(wanted_cell)], LOOSE).results
    assert (model.latents_of(got.picture) - wanted.latents).abs().max() <= 1e-4
    assert got.rows_alone == wanted.rows


@pytest.mark.parametrize(
    ("method", "solver", "g"),
    [(method, solver, 4.0) for method in ("none", "negative_prompt") for solver in SUPPORTED]
    + [(method, "DDIMScheduler", g) for method in ("none", "negative_prompt") for g in (1.5, 1.0, 0.5, 0.0)],
)
def test_engine_equals_diffusers_pipeline(method, solver, g):
    model = tiny_model()
    pipe = StableDiffusionPipeline(**{**model._pipe.components, "scheduler": model.scheduler(solver)})
    pipe.set_progress_bar_config(disable=True)
    wanted = pipe(
        "a red circle",
        negative_prompt="dagger, flame" if method == "negative_prompt" else None,
        guidance_scale=g,
        num_inference_steps=STEPS,
        width=SIZE,
        height=SIZE,
        generator=torch.Generator().manual_seed(7),
        output_type="latent",
    ).images[0]
    [[got]] = run([job(cell(method, solver=solver, g=g))], LOOSE).results
    assert (model.latents_of(got.picture) - wanted).abs().max() <= 1e-4


def test_the_methods_differ_and_the_questions_are_answered_both_ways():
    """Or the comparisons above would prove nothing."""
    made = run([job(*(cell(method) for method in METHODS), seed=seed) for seed in (3, 7)])
    latents = [
        torch.stack([tiny_model().latents_of(trials[place].picture) for trials in made.results])
        for place in range(len(METHODS))
    ]
    for left in range(len(latents)):
        for right in range(left):
            assert (latents[left] - latents[right]).abs().max() > 1e-3, (left, right)
    answers = {exchange.answer for trials in made.results for trial in trials for exchange in trial.exchanges}
    assert "nothing" in answers and len(answers) > 1


def test_a_question_is_asked_again_only_when_the_preview_has_changed_enough():
    """EVLDNP's reuse: the last answer really given is taken again, and compared with is the preview that it was given to."""
    model, steps, asked = tiny_model(), 8, (1, 2, 3, 4, 6)
    numbers = {"query_steps": asked, "steps": steps}
    seen: dict[float, list[bool]] = {}
    for threshold in (0.9, 0.9985, 0.9995, 0.99995, 1.0):
        reusing = cell("dynamic_negative", reuse_similarity=threshold, **numbers)
        wanted = denoise(model, job(seed=6), reusing, Tables(model, reusing, EXACT.max_rows), glance)
        made = run([job(reusing, seed=6)])
        [[got]] = made.results
        assert [(e.step, e.answer, e.reused) for e in got.exchanges] == wanted.asked
        assert torch.equal(model.latents_of(got.picture), wanted.latents)
        assert made.counters.questions == sum(not again for _, _, again in wanted.asked)
        assert made.counters.questions_reused == sum(again for _, _, again in wanted.asked)
        seen[threshold] = [again for _, _, again in wanted.asked]
    assert seen[0.9] == [False, True, True, True, True] and not any(seen[1.0])
    assert len({tuple(reuses) for reuses in seen.values()}) >= 3


def test_cells_share_every_step_that_they_have_in_common():
    gammas = (1.0, 2.0, 3.0, 4.0, 5.0)
    cells = [cell("dynamic_negative", negative_scale=gamma) for gamma in gammas]
    made = run([job(cell("none"), *cells)], EngineConfig(max_rows=12), lambda p, q: answered("nothing"))
    [results] = made.results
    counters = made.counters
    assert (counters.rows, counters.rows_alone) == (2 * STEPS, 2 * STEPS * 6)
    assert (counters.questions, counters.questions_alone, counters.forks) == (2, 10, 0)
    assert sum(trial.rows for trial in results) == pytest.approx(2 * STEPS)
    assert all(np.array_equal(trial.picture, results[0].picture) for trial in results)
    assert [exchange.shared_by for exchange in results[1].exchanges] == [5, 5]

    made = run([job(*cells)], EngineConfig(max_rows=15), lambda p, q: answered("dagger"))
    # step 0 and the rows of step 1 are shared; from there on each γ goes its own way with three rows
    assert made.counters.rows == 2 + 3 + 5 * 3 * (STEPS - 1 - ASKED[0])
    assert made.counters.forks == 4
    assert len({trial.picture.tobytes() for trial in made.results[0]}) == 5


@SOLVERS
def test_a_fork_goes_on_with_the_solvers_history(solver):
    numbers = {"solver": solver, "steps": 6, "query_steps": (3,)}
    cells = [cell("dynamic_negative", negative_scale=gamma, **numbers) for gamma in (0.0, 2.0, 6.0)]
    together = run([job(*cells)], ask=lambda p, q: answered("dagger"))
    alone = [run([job(one)], ask=lambda p, q: answered("dagger")).digests[0][0] for one in cells]
    assert together.counters.forks == 2 and len(set(alone)) == 3
    assert together.digests == [alone]


def test_a_step_with_more_texts_than_rows_is_computed_in_parts_with_the_same_bits():
    many = [cell("static_negative", negative_prompt=text) for text in ("dagger", "flame", "skull", "key", "leaf")]
    together = run([job(*many)], EngineConfig(max_rows=3, reproducible=True))
    alone = [run([job(one)], EngineConfig(max_rows=3, reproducible=True)).digests[0][0] for one in many]
    assert together.digests == [alone]
    assert together.counters.rows_padded < 3


def test_more_work_than_fits_waits_and_is_all_done_in_order():
    most: list[int] = []
    config = EngineConfig(max_rows=4, max_trajectories=3)
    made = run(
        [job(cell("none"), seed=s) for s in range(9)],
        config,
        before_close=lambda e: most.append(e._admission._admitted),
    )
    assert len({trial.picture.tobytes() for [trial] in made.results}) == 9
    assert most == [9]


def test_a_second_size_is_not_put_off_for_ever():
    """Whoever is oldest decides which size the next batch has, even while work of another size keeps coming."""
    engine = Engine(tiny_model(), EngineConfig(max_rows=4, max_trajectories=4))
    try:
        first = [engine.submit(job(cell("none", steps=steps), seed=steps)) for steps in (3, 4, 6)]
        large = engine.submit(job(cell("none"), size=32))
        rest = [engine.submit(job(cell("none", steps=2 + seed % 3), seed=seed)) for seed in range(24)]
        order: list[str] = []
        large.add_done_callback(lambda _: order.append("large"))
        rest[-1].add_done_callback(lambda _: order.append("last small"))
        for future in [*first, large, *rest]:
            assert future.result(timeout=60)[0].error is None
    finally:
        engine.close()
    assert order == ["large", "last small"]


def test_the_engine_remembers_what_was_seen_as_the_reference_does():
    numbers = {"query_steps": (1, 2, 3, 5), "negative_scale": 6.0}
    forgetting = cell("dynamic_negative", steps=8, **numbers)
    remembering = cell("dynamic_negative", steps=8, remember=True, **numbers)
    for seed in range(4):
        made = run([job(forgetting, remembering, seed=seed)])
        for one, got in zip((forgetting, remembering), made.results[0], strict=True):
            wanted = denoise(tiny_model(), job(seed=seed), one, Tables(tiny_model(), one, EXACT.max_rows), glance)
            assert torch.equal(tiny_model().latents_of(got.picture), wanted.latents)
            assert [(e.step, e.answer, e.reused) for e in got.exchanges] == wanted.asked


def test_an_engine_refuses_what_it_cannot_do():
    engine = Engine(tiny_model(), EXACT)
    with pytest.raises(ValueError, match="asks a VLM"):
        engine.submit(job(cell("dynamic_negative")))
    with pytest.raises(ValueError, match="without cells"):
        engine.submit(job())
    engine.close()
    with pytest.raises(RuntimeError, match="closed"):
        engine.submit(job(cell("none")))


def test_closing_finishes_what_was_submitted():
    engine = Engine(tiny_model(), EXACT, lambda p, q: answered("flame"))
    futures = [engine.submit(job(cell("dynamic_negative"), seed=seed)) for seed in range(5)]
    engine.close()
    assert all(future.done() and future.result()[0].error is None for future in futures)


def test_buckets_are_halves_and_eighths_of_the_largest_and_one_in_reproducible_mode():
    assert EngineConfig(max_rows=64).buckets == (4, 8, 16, 24, 32, 40, 48, 56, 64)
    assert EngineConfig(max_rows=6).buckets == (1, 2, 3, 4, 5, 6)
    assert EngineConfig(max_rows=32, few_sizes=True).buckets == (4, 8, 16, 32)
    assert EngineConfig(max_rows=32, few_sizes=True, speculate="last").buckets == (4, 8, 16, 32)
    # a forward that is at most half full keeps its padding for supposed answers
    assert EngineConfig(max_rows=32, speculate="last").buckets == (4, 8, 16, 20, 24, 28, 32)
    assert EngineConfig(max_rows=32, reproducible=True).buckets == (32,)


def test_method_configs_are_checked():
    with pytest.raises(ValueError, match="beyond the last of 5 steps"):
        cell("dynamic_negative", query_steps=(1, 5))
    with pytest.raises(ValueError, match="unknown; allowed: none, negative_prompt, static_negative, dynamic_negative"):
        parse_method({"method": "statc"})


class Louder(Edit):
    """The prompt's embedding times ``factor`` from step ``first`` to step ``last``."""

    name: ClassVar[str] = "louder"
    factor: float
    first: int = 2
    last: int | None = None

    def apply(self, encodes: Encodes, prompt: str, seed: int) -> EditedPrompt:
        plain = encodes.embed(prompt)
        louder = named_by_content(prompt, plain, TextEmbedding(plain.tokens * self.factor))
        return EditedPrompt(prompt, louder, self.first, self.last)


@AGAINST
def test_an_edit_that_begins_or_ends_on_the_way_changes_the_prompt_and_nothing_else(method):
    """What a method carries along, such as SLD's momentum, goes on over the change, and is never another trial's."""
    model = tiny_model()
    options = {"momentum_scale": 0.5, "momentum_beta": 0.7} if method == "sld" else {}
    plain = cell(method, **options)
    edits = (Louder(factor=3.0), None, Louder(factor=1.5, first=3), Louder(factor=1.5))
    edits += (Louder(factor=3.0, first=0, last=1), Louder(factor=3.0, last=3))
    cells = [plain.model_copy(update={"edit": edit}) for edit in edits]
    if method == "sld":
        cells += [cell("sld", concept="key", **options).model_copy(update={"edit": Louder(factor=3.0)})]
    made = run([job(*cells)])
    for one, got in zip(cells, made.results[0], strict=True):
        wanted = denoise(model, job(), one, Tables(model, one, EXACT.max_rows), glance)
        assert torch.equal(model.latents_of(got.picture), wanted.latents)
    assert len({trial.picture.tobytes() for trial in made.results[0]}) == len(cells)
    assert made.counters.forks >= 2 and made.counters.rows < made.counters.rows_alone
