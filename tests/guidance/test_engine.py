"""The engine against the slow reference, and what must never change a picture."""

import threading
from concurrent.futures import Future

import numpy as np
import pytest
import torch
from diffusers import StableDiffusionPipeline

from guidance.cell import Cell, parse_method
from guidance.engine import Engine, EngineConfig
from guidance.model import DiffusionModel
from guidance.solver import SUPPORTED
from guidance.trajectory import Job, TrialResult
from tests.guidance.conftest import answered, observe
from tests.guidance.reference import denoise

STEPS = 6


def none(g: float = 4.0, solver: str = SUPPORTED[0], steps: int = STEPS) -> Cell:
    return Cell(guidance={"method": "none"}, guidance_scale=g, solver=solver, num_inference_steps=steps)


def static(gamma: float, g: float = 4.0, solver: str = SUPPORTED[0]) -> Cell:
    method = {"method": "static_negative", "negative_scale": gamma, "negative_prompt": "dagger, flame"}
    return Cell(guidance=method, guidance_scale=g, solver=solver, num_inference_steps=STEPS)


def dynamic(gamma: float, g: float = 4.0, solver: str = SUPPORTED[0], steps: tuple[int, ...] = (1, 3)) -> Cell:
    method = {
        "method": "dynamic_negative",
        "negative_scale": gamma,
        "query_steps": steps,
        "vocabulary": "miniature",
    }
    return Cell(guidance=method, guidance_scale=g, solver=solver, num_inference_steps=STEPS)


def job(*cells: Cell, text: str = "a red circle", seed: int = 7) -> Job:
    return Job(text, seed, 64, 64, cells)


def run(model: DiffusionModel, jobs: list[Job], config: EngineConfig, ask=None) -> list[list[TrialResult]]:
    engine = Engine(model, config, ask or (lambda picture, question: answered(observe(picture, question))))
    futures = [engine.submit(j) for j in jobs]
    results = [future.result(timeout=120) for future in futures]
    engine.close()
    run.engine = engine
    return results


EXACT = EngineConfig(max_rows=12, reproducible=True)


@pytest.mark.parametrize("solver", SUPPORTED)
@pytest.mark.parametrize("make", [lambda s: none(solver=s), lambda s: static(3.0, solver=s)])
def test_engine_equals_the_sequential_reference_for_every_solver(model, solver, make):
    wanted = denoise(model, job(), make(solver))
    [[got]] = run(model, [job(make(solver))], EngineConfig(max_rows=12))
    assert got.error is None
    assert np.abs(got.picture.astype(int) - wanted.picture.astype(int)).max() <= 1


def test_dynamic_equals_the_sequential_reference_and_asks_the_same(model):
    cell = dynamic(3.0, solver="DDIMScheduler")
    for seed in range(4):
        wanted = denoise(model, job(seed=seed), cell, observe)
        [[got]] = run(model, [job(cell, seed=seed)], EngineConfig(max_rows=12))
        assert [(e.step, e.answer) for e in got.exchanges] == wanted.questions
        assert np.abs(got.picture.astype(int) - wanted.picture.astype(int)).max() <= 1
        assert got.rows_alone == wanted.rows


def test_none_equals_diffusers_pipeline(pipe: StableDiffusionPipeline, model):
    made = pipe(
        "a red circle",
        guidance_scale=4.0,
        num_inference_steps=STEPS,
        width=64,
        height=64,
        generator=torch.Generator().manual_seed(7),
        output_type="np",
    ).images[0]
    [[got]] = run(model, [job(none(solver="DPMSolverMultistepScheduler"))], EngineConfig())
    assert np.abs(got.picture / 255 - made).max() <= 1 / 255


def test_pictures_do_not_depend_on_neighbours_order_or_sharing(model):
    cells = (none(), static(2.0), static(5.0), dynamic(2.0), dynamic(5.0), none(g=2.0))
    jobs = [job(*cells, seed=seed, text=text) for seed in (1, 2) for text in ("a red circle", "a blaze in red")]
    together = run(model, jobs, EXACT)
    backwards = run(model, jobs[::-1], EXACT)[::-1]
    unshared = run(model, jobs, EngineConfig(max_rows=12, reproducible=True, share=False))
    alone = [[run(model, [job(c, text=j.text, seed=j.seed)], EXACT)[0][0] for c in j.cells] for j in jobs]
    for others in (backwards, unshared, alone):
        for left, right in zip(together, others, strict=True):
            for a, b in zip(left, right, strict=True):
                assert a.error is None and np.array_equal(a.picture, b.picture)


def test_a_slow_vlm_changes_nothing_and_answers_may_come_in_any_order(model):
    prompt_answers = run(model, [job(dynamic(3.0), seed=s) for s in range(6)], EXACT)
    waiting: list[tuple[Future, str]] = []

    def slow(picture, question):
        future: Future[str] = Future()
        threading.Timer(0.02 + 0.05 * (len(waiting) % 3), future.set_result, [observe(picture, question)]).start()
        waiting.append((future, question))
        return future

    late = run(model, [job(dynamic(3.0), seed=s) for s in range(6)], EXACT, ask=slow)
    for [a], [b] in zip(prompt_answers, late, strict=True):
        assert np.array_equal(a.picture, b.picture)


def test_cells_share_every_step_that_they_have_in_common(model):
    gammas = (1.0, 2.0, 3.0, 4.0, 5.0)
    [results] = run(model, [job(none(), *(dynamic(g) for g in gammas))], EXACT, lambda p, q: answered("nothing"))
    counters = run.engine.counters
    assert counters.rows == 2 * STEPS
    assert counters.rows_alone == 2 * STEPS * 6
    assert counters.questions == 2 and counters.questions_alone == 10
    assert sum(r.rows for r in results) == pytest.approx(2 * STEPS)
    assert all(np.array_equal(r.picture, results[0].picture) for r in results)
    [results] = run(model, [job(*(dynamic(g) for g in gammas))], EXACT, lambda p, q: answered("dagger"))
    counters = run.engine.counters
    # steps 0 and the forward of step 1 are shared; from there on each γ goes its own way with three rows
    assert counters.rows == 2 + 3 + 5 * 3 * (STEPS - 2)
    assert len({r.picture.tobytes() for r in results}) == 5


def test_a_vlm_failure_ends_only_the_trials_that_asked(model):
    def broken(picture, question):
        future: Future[str] = Future()
        future.set_exception(TimeoutError("no answer"))
        return future

    [[plain, asking, fixed]] = run(model, [job(none(), dynamic(2.0), static(2.0))], EXACT, broken)
    assert plain.error is None and fixed.error is None
    assert asking.picture is None and asking.error == "VLM at step 1: TimeoutError: no answer"
    [[alone]] = run(model, [job(none())], EXACT)
    assert np.array_equal(alone.picture, plain.picture)


def test_latents_that_are_not_finite_end_their_trial_at_that_step(model):
    [[bad, good]] = run(model, [job(static(1e38), none())], EXACT)
    assert bad.picture is None and bad.error.startswith("latents are not finite after step")
    assert good.error is None


def test_an_engine_without_a_vlm_refuses_cells_that_ask(model):
    engine = Engine(model, EXACT)
    with pytest.raises(ValueError, match="asks a VLM"):
        engine.submit(job(dynamic(1.0)))
    engine.close()
    with pytest.raises(RuntimeError, match="closed"):
        engine.submit(job(none()))


def test_more_work_than_fits_waits_and_is_all_done(model):
    results = run(model, [job(none(), seed=s) for s in range(9)], EngineConfig(max_rows=4, max_trajectories=3))
    assert len({r.picture.tobytes() for [r] in results}) == 9


def test_method_configs_are_checked():
    with pytest.raises(ValueError, match="beyond the last of 6 steps"):
        dynamic(1.0, steps=(1, 6))
    with pytest.raises(ValueError, match="unknown; allowed: none, negative_prompt, static_negative, dynamic_negative"):
        parse_method({"method": "statc"})
