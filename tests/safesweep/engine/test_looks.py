"""A gate that looks between the questions: the engine is the plain loop, bit for bit, and shares what is the same."""

import threading
from concurrent.futures import Future
from dataclasses import replace
from functools import cache

import numpy as np
import pytest
import torch

from tests.safesweep.conftest import answered
from tests.safesweep.reference import Tables, denoise
from tests.safesweep.tiny import EXACT, STEPS, cell, glance, job, run, tiny_model
from tests.safesweep.vlm.gates import divided_gate, steady_gate

JOBS = [job(text=text, seed=seed) for text in ("a red circle", "a blaze in red") for seed in range(2)]
EARLY = {"query_steps": (0, 3)}


@cache
def a_gate():
    """Torn about the previews of these jobs, so that its probabilities are of all sizes."""
    asking = cell("dynamic_negative", query_steps=tuple(range(STEPS)))
    previews = [one.preview for trials in run(jobs(asking)).results for one in trials[0].exchanges]
    return divided_gate(previews, temperature=0.06)


def following(gate=None, scale=3.0, **numbers):
    strength = {name: numbers.pop(name) for name in ("decay", "every", "least") if name in numbers}
    return cell(
        "dynamic_negative",
        **{
            **EARLY,
            **numbers,
            "negative_scale": scale,
            "strength": {"gate": gate or a_gate(), "most": 9.0, **strength},
        },
    )


def fixed(scale, **numbers):
    return cell("dynamic_negative", **{**EARLY, **numbers, "negative_scale": scale})


def jobs(*cells):
    return [replace(one, cells=cells) for one in JOBS]


CELLS = (
    {},
    {"decay": 0.7, "every": 2},
    {"remember": True, "least": 2.0, "solver": "DPMSolverMultistepScheduler"},
    {"query_steps": (), "query_levels": (0.9, 0.5), "decay": 0.5, "solver": "EulerDiscreteScheduler"},
    {"reuse_similarity": 0.9, "g": 1.0},
)


@pytest.mark.parametrize("numbers", CELLS)
def test_the_engine_is_the_plain_loop_bit_for_bit(numbers):
    one = following(**numbers)
    made, strengths = run(jobs(one)), []
    for of, [got] in zip(jobs(one), made.results, strict=True):
        wanted = denoise(tiny_model(), of, one, Tables(tiny_model(), one, EXACT.max_rows), glance)
        assert got.error is None and torch.equal(tiny_model().latents_of(got.picture), wanted.latents)
        assert [(look.step, look.probability, look.negative_scale) for look in got.looks] == wanted.looked
        strengths += [look.negative_scale for look in got.looks]
    assert made.counters.looks == len(strengths) > 4 and len(set(strengths)) > 3


@cache
def mixed():
    """Cells that follow in all ways, beside others; and two jobs, each with every cell made by itself."""
    cells = (
        *(following(**numbers) for numbers in CELLS),
        fixed(3.0),
        cell("none"),
        following(scale=6.0),
        cell("dynamic_negative", **EARLY, gate=a_gate(), ask_below=0.3, strength={"gate": a_gate(), "most": 4.0}),
    )
    two = JOBS[1:3]
    return cells, two, [[run([replace(of, cells=(one,))]) for one in cells] for of in two]


def late(picture, question):
    """``glance``'s answer, so late that what rests on supposed ones goes on meanwhile."""
    future: Future[str] = Future()

    def end():
        if future.set_running_or_notify_cancel():
            future.set_result(glance(picture, question))

    threading.Timer(0.15, end).start()
    return future


@pytest.mark.parametrize("config", [EXACT, replace(EXACT, share=False, max_trajectories=3)])
def test_no_bit_depends_on_sharing_or_neighbours(config):
    cells, two, alone = mixed()
    made = run([replace(of, cells=cells) for of in two], config)
    assert made.digests == [[one.digests[0][0] for one in row] for row in alone]
    for results, row in zip(made.results, alone, strict=True):
        assert [one.looks for one in results] == [one.results[0][0].looks for one in row]
        assert [one.rows_alone for one in results] == [one.results[0][0].rows_alone for one in row]


def test_no_bit_depends_on_supposed_answers():
    """One trial at a time, so that there is room for what rests on it, before and behind looks of its own."""
    cells, two, alone = mixed()
    useful, in_vain = 0.0, 0.0
    for of, row in zip(two, alone, strict=True):
        for one, wanted in list(zip(cells, row, strict=True))[:3]:
            made = run([replace(of, cells=(one,))], replace(EXACT, speculate="last"), late)
            assert made.digests == wanted.digests
            assert made.results[0][0].looks == wanted.results[0][0].looks
            useful += made.counters.rows_supposed - made.counters.rows_in_vain
            in_vain += made.counters.rows_in_vain
    assert useful > 0 and in_vain > 0


@pytest.mark.parametrize(("probability", "base", "scale"), [(0.5, 3.0, 3.0), (0.25, 6.0, 2.0), (1.0, 3.0, 9.0)])
def test_with_a_probability_that_stays_it_is_a_fixed_strength_and_shares_with_it(probability, base, scale):
    def dagger(picture, question):
        return answered("a dagger")

    one = following(gate=steady_gate(probability), scale=base)
    [[got]] = run([job(one)], ask=dagger).results
    assert len(got.looks) == STEPS and len({look.negative_scale for look in got.looks}) == 1
    assert got.looks[0].negative_scale == pytest.approx(scale)
    made = run([job(one, fixed(got.looks[0].negative_scale))], ask=dagger)
    assert made.digests[0][0] == made.digests[0][1]
    assert (made.counters.forks, made.counters.rows) == (0, 3 * STEPS)


def test_where_nothing_of_it_shows_it_is_none_and_shares_with_it():
    gate = steady_gate(0.0)
    made = run(jobs(following(gate=gate), cell("none")))
    assert all(np.array_equal(left.picture, right.picture) for left, right in made.results)
    assert (made.counters.forks, made.counters.rows) == (0, 2 * STEPS * len(JOBS))
    assert made.counters.looks > 0


def test_it_parts_from_a_fixed_strength_at_the_first_step_at_which_they_differ():
    """Until the first answer that names something they are one trajectory; from there on each has its own."""
    forks = 0
    for of in JOBS:
        cells = following(), fixed(3.0)
        made = run([replace(of, cells=cells)])
        [[got, plain]] = made.results
        first = next((one.step for one in got.exchanges if one.terms), None)
        if first is None:
            assert made.counters.forks == 0 and made.counters.rows == 2 * STEPS
            continue
        forks += made.counters.forks
        assert made.counters.forks == 1
        assert [one.shared_by for one in got.exchanges if one.step <= first] == [2] * sum(
            one.step <= first for one in got.exchanges
        )
        assert len(got.exchanges) == len(plain.exchanges)
    assert forks > 0


def test_a_gate_that_fails_ends_the_trials_that_follow_it_and_no_other():
    broken = replace(a_gate(), config=a_gate().config.model_copy(update={"side": 0}))
    made = run(jobs(following(gate=broken), fixed(3.0)))
    wanted = run(jobs(fixed(3.0)))
    failed = [one[0].error for one in made.results if one[0].error]
    assert failed and all(error.startswith("look at step 0: ") for error in failed)
    assert [one[1] for one in made.digests] == [one[0] for one in wanted.digests]


def test_a_look_costs_no_forward_of_its_own_while_the_strength_stays_above_nothing():
    one, plain = following(gate=steady_gate(0.5), query_steps=(0,)), fixed(3.0, query_steps=(0,))
    of = next(job for job in jobs(one) if run([job]).results[0][0].looks)
    looked, asked = run([of]).counters, run([replace(of, cells=(plain,))]).counters
    assert (looked.ticks, looked.rows, looked.rows_alone) == (asked.ticks, asked.rows, asked.rows_alone)
