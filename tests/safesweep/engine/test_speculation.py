"""Going on under supposed answers changes no picture, no exchange and no error; only how long they take, and what was computed in vain."""

import threading
import time
from concurrent.futures import Future
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from safesweep.engine.engine import Engine
from tests.safesweep.engine.test_engine_invariance import CELLS, FEW, each_alone, work
from tests.safesweep.tiny import ASKED, EXACT, STEPS, cell, glance, job, run, tiny_model

LAST, NOTHING = (replace(EXACT, speculate=policy) for policy in ("last", "nothing"))


class Slow:
    """Answers in its own time, by the preview alone."""

    def __init__(self, delays):
        self._delays, self.asked = delays, 0

    def ask(self, picture, question):
        future = Future()
        delay = self._delays[self.asked % len(self._delays)]
        self.asked += 1

        def end():
            if future.set_running_or_notify_cancel():
                future.set_result(glance(picture, question))

        threading.Timer(delay, end).start()
        return future


class Held:
    """Keeps its questions until they are let go."""

    def __init__(self):
        self.asked, self.changed = [], threading.Condition()

    def ask(self, picture, question):
        future = Future()
        with self.changed:
            self.asked.append((picture, future))
            self.changed.notify_all()
        return future

    def wait_for(self, count):
        with self.changed:
            assert self.changed.wait_for(lambda: len(self.asked) >= count, 60), len(self.asked)

    def answer(self, place, text):
        self.asked[place][1].set_result(text)


@FEW
@given(
    work(),
    st.lists(st.sampled_from([0.0, 0.002, 0.02]), min_size=1, max_size=5),
    st.sampled_from([LAST, NOTHING]),
    st.booleans(),
)
def test_it_changes_nothing(jobs, delays, config, share):
    assert run(jobs, replace(config, share=share), Slow(delays).ask).digests == each_alone(jobs)


def test_a_trial_that_is_answered_as_supposed_asks_its_next_questions_before_its_first_is_answered():
    vlm = Held()
    engine = Engine(tiny_model(), LAST, vlm.ask)
    future = engine.submit(job(cell("dynamic_negative")))
    vlm.wait_for(len(ASKED))
    assert engine.status().in_flight == engine.status().parked == 1
    assert engine.counters.steps == min(ASKED)
    for place in range(len(ASKED)):
        vlm.answer(place, "nothing")
    [result] = future.result(60)
    counters = engine.counters
    engine.close()
    asked = job(cell("dynamic_negative"))
    wanted = run([asked], EXACT, lambda picture, question: _now("nothing"))
    assert (result.picture == wanted.results[0][0].picture).all()
    assert [one.step for one in result.exchanges] == list(ASKED)
    same = ("rows", "rows_alone", "steps", "questions", "questions_alone", "forks", "trials", "failed")
    assert {name: getattr(counters, name) for name in same} == {name: getattr(wanted.counters, name) for name in same}
    assert counters.questions_supposed == counters.questions_confirmed == len(ASKED) - 1
    # the step that asked predicted already, and the answers may have come before the last step
    assert 2 * (ASKED[1] - ASKED[0]) <= counters.rows_supposed < 2 * (STEPS - ASKED[0]) and counters.rows_in_vain == 0


def test_what_was_supposed_wrongly_is_dropped_its_questions_are_taken_back_and_its_rows_counted():
    vlm = Held()
    engine = Engine(tiny_model(), LAST, vlm.ask)
    future = engine.submit(job(cell("dynamic_negative")))
    vlm.wait_for(2)
    vlm.answer(0, "dagger")
    vlm.wait_for(3)
    assert vlm.asked[1][1].cancelled()
    vlm.answer(2, "dagger")
    [result] = future.result(60)
    counters = engine.counters
    engine.close()
    wanted = run([job(cell("dynamic_negative"))], EXACT, lambda picture, question: _now("dagger"))
    assert (result.picture == wanted.results[0][0].picture).all() and result.rows == wanted.results[0][0].rows
    assert counters.questions == 3 and (counters.questions_supposed, counters.questions_confirmed) == (1, 0)
    assert counters.rows == wanted.counters.rows + counters.rows_in_vain and counters.rows_in_vain > 0
    assert counters.steps == STEPS and counters.questions_alone == 2


def test_an_answer_that_comes_before_the_one_it_rests_on_counts_and_a_failure_waits_for_it():
    for first, error in (("nothing", "VLM at step 3: TimeoutError: none"), ("dagger", None)):
        vlm = Held()
        engine = Engine(tiny_model(), LAST, vlm.ask)
        future = engine.submit(job(cell("dynamic_negative")))
        vlm.wait_for(2)
        vlm.asked[1][1].set_exception(TimeoutError("none"))
        vlm.answer(0, first)
        if error is None:
            vlm.wait_for(3)
            vlm.answer(2, "nothing")
        [result] = future.result(60)
        engine.close()
        assert result.error == error
        assert len(result.exchanges) == (1 if error else 2)


def test_what_rests_on_a_chain_of_which_one_trial_was_wrong_goes_on_for_the_others():
    """Both ask at step 0, each its own question; the second one asks again at step 1, and a third trajectory rests on that."""
    first = cell("dynamic_negative", query_steps=(0,))
    second = cell("dynamic_negative", query_steps=(0, 1), reuse_similarity=1.0)
    asked = job(first, second)
    vlm = Held()
    engine = Engine(tiny_model(), NOTHING, vlm.ask)
    future = engine.submit(asked)
    vlm.wait_for(3)
    end = time.monotonic() + 60
    while engine.counters.rows_supposed < 2 * (STEPS - 1):  # until what rests on step 1 has taken the last step
        assert time.monotonic() < end
        time.sleep(0.01)
    with engine._wake:
        vlm.answer(0, "nothing")
        vlm.answer(1, "dagger")
    vlm.wait_for(4)
    vlm.answer(3, "dagger")
    results = future.result(60)
    closing = threading.Thread(target=engine.close)
    closing.start()
    closing.join(60)
    assert not closing.is_alive() and engine.status().in_flight == 0 and engine._in_flight == []
    alone = [
        run([job(one)], EXACT, said)
        for one, said in ((first, lambda *_: _now("nothing")), (second, lambda *_: _now("dagger")))
    ]
    for result, wanted in zip(results, alone, strict=True):
        assert (result.picture == wanted.results[0][0].picture).all() and result.error is None


@pytest.mark.parametrize("most", [0, 1, 3])
def test_no_more_questions_rest_on_supposed_answers_than_may(most):
    asked = (0, 1, 2, 3, 4)
    vlm = Held()
    engine = Engine(tiny_model(), replace(LAST, most_supposed_questions=most), vlm.ask)
    future = engine.submit(job(cell("dynamic_negative", query_steps=asked)))
    vlm.wait_for(1 + most)
    for place in range(len(asked)):
        vlm.wait_for(place + 1)
        assert len(vlm.asked) - place <= 1 + most
        vlm.answer(place, "nothing")
    [result] = future.result(60)
    engine.close()
    assert result.error is None and len(result.exchanges) == len(asked) == len(vlm.asked)


def test_only_rows_that_would_be_padding_are_taken():
    """The network is always full here: nothing is supposed, and no forward is larger than without."""
    jobs = [job(cell("dynamic_negative"), seed=seed) for seed in range(12)]
    config = replace(EXACT, max_rows=2, max_trajectories=12)
    vlm = Slow(delays=(0.0,))
    plain = run(jobs, config, vlm.ask)
    made = run(jobs, replace(config, speculate="last"), vlm.ask)
    assert made.digests == plain.digests
    assert made.counters.rows - made.counters.rows_in_vain == pytest.approx(plain.counters.rows)
    assert made.counters.ticks <= plain.counters.ticks + made.counters.rows_supposed


def test_counts_add_up_whatever_was_supposed():
    jobs = [job(*(one for one in CELLS if one.guidance.needs_vlm), seed=seed) for seed in range(6)]
    made = run(jobs, replace(LAST, max_trajectories=2), Slow((0.2,)).ask)
    counters, trials = made.counters, [trial for results in made.results for trial in results]
    assert counters.rows - counters.rows_in_vain == pytest.approx(sum(trial.rows for trial in trials))
    assert counters.rows_alone == sum(trial.rows_alone for trial in trials)
    exchanges = [one for trial in trials for one in trial.exchanges]
    asked = [one for one in exchanges if not one.reused]
    assert counters.questions_alone == len(asked) and counters.questions_reused == len(exchanges) - len(asked)
    in_vain = counters.questions_supposed - counters.questions_confirmed
    assert counters.questions - in_vain == pytest.approx(sum(1 / one.shared_by for one in asked))
    plain = run(jobs).counters
    assert (counters.steps, counters.rows_alone) == (plain.steps, plain.rows_alone)
    assert counters.speculations > 0 and counters.questions_confirmed > 0


def _now(text):
    future = Future()
    future.set_result(text)
    return future
