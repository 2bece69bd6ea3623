"""A gate in the engine: what it answers nobody is asked, and no bit depends on sharing, speculation or who else is there."""

from concurrent.futures import Future
from dataclasses import replace
from functools import cache

import numpy as np
import pytest

from tests.safesweep.tiny import ASKED, EXACT, at_once, cell, glance, job, run
from tests.safesweep.vlm.gates import divided_gate

JOBS = [job(text=text, seed=seed) for text in ("a red circle", "a blaze in red") for seed in range(2)]


@cache
def a_gate(seed=0):
    """One of many opinions on the previews of these jobs."""
    return divided_gate(
        [one.preview for trials in run(jobs(cell("dynamic_negative"))).results for one in trials[0].exchanges], seed
    )


def gated(**numbers):
    return cell("dynamic_negative", gate=a_gate(), **{"audit": 0.0, **numbers})


def jobs(*cells):
    return [replace(one, cells=cells) for one in JOBS]


def nobody(picture, question):
    raise AssertionError("the gate is sure of everything")


def by_gate(picture, question):
    future: Future[str] = Future()
    future.set_result(", ".join(a_gate().opinion(picture).terms) or "nothing")
    return future


def test_a_gate_that_is_sure_makes_the_pictures_of_a_vlm_that_says_the_same_and_asks_nobody():
    made, wanted = run(jobs(gated(ask_below=1e-9)), ask=nobody), run(jobs(cell("dynamic_negative")), ask=by_gate)
    assert made.digests == wanted.digests
    counters, other = made.counters, wanted.counters
    assert (counters.questions, counters.questions_alone, counters.questions_gated) == (0, 0, len(JOBS) * len(ASKED))
    assert other.questions == len(JOBS) * len(ASKED) and other.questions_gated == 0 and counters.gate_seconds > 0
    same = ("rows", "rows_alone", "steps", "trials")
    assert [getattr(counters, name) for name in same] == [getattr(other, name) for name in same]
    assert len({one.answer for trials in made.results for one in trials[0].exchanges}) > 1


def test_where_it_is_not_sure_or_audited_the_vlm_answers():
    unsure, audited = run(jobs(gated(ask_below=1.0))), run(jobs(gated(ask_below=1e-9, audit=1.0)))
    wanted = run(jobs(cell("dynamic_negative")))
    assert unsure.digests == audited.digests == wanted.digests
    assert unsure.counters.questions_gated == audited.counters.questions_gated == 0
    for one in (exchange for trials in audited.results for exchange in trials[0].exchanges):
        assert one.verdict.audited and one.verdict.terms == a_gate().opinion(one.preview).terms
        assert one.answer == glance(one.preview, "")


@pytest.mark.parametrize(
    "config", [replace(EXACT, share=False), *(replace(EXACT, speculate=how) for how in ("last", "nothing"))]
)
def test_no_bit_depends_on_sharing_or_on_supposed_answers(config):
    confidences = [
        a_gate().opinion(one.preview).confidence
        for r in run(jobs(cell("dynamic_negative"))).results
        for one in r[0].exchanges
    ]
    half = float(np.median(confidences))
    cells = (
        gated(ask_below=half, audit=0.3),
        gated(ask_below=half, audit=0.3, negative_scale=6.0),
        cell("dynamic_negative"),
    )
    cells += (gated(ask_below=half, audit=0.3, query_steps=(0, 2), reuse_similarity=0.9),)
    made, wanted = run(jobs(*cells), config), [run([one]) for one in jobs(*cells)]
    assert made.digests == [one.digests[0] for one in wanted]
    said = [one for trials in made.results for trial in trials for one in trial.exchanges]
    asked = [one for one in said if one.verdict is not None]
    assert {one.verdict.answers for one in asked} == {True, False} and any(one.verdict.audited for one in asked)
    counted = ("questions_gated", "questions_alone", "questions_reused")
    total = {name: sum(getattr(one.counters, name) for one in wanted) for name in counted}
    assert {name: getattr(made.counters, name) for name in counted} == total
    assert total["questions_gated"] == sum(one.gated for one in said)


def test_two_gates_ask_apart_and_a_draw_is_the_same_for_all_cells_of_a_prompt():
    cells = (gated(ask_below=1e-9, audit=0.5), cell("dynamic_negative", gate=a_gate(1), ask_below=1e-9, audit=0.5))
    made = run(jobs(*cells), ask=at_once)
    drawn = [[[one.verdict.audited for one in trial.exchanges] for trial in trials] for trials in made.results]
    assert all(left == right for left, right in drawn) and len({flag for trials in drawn for flag in trials[0]}) == 2
