"""Counters that add up, and the trace as Chrome's tracing reads it."""

import itertools
import json
import threading
from concurrent.futures import Future

import pytest

from safesweep.engine.config import EngineConfig
from safesweep.engine.counters import Counters, Stopwatch, Trace
from tests.safesweep.tiny import EXACT, STEPS, cell, glance, job, run

OWN = ("forward_seconds", "solver_seconds", "decode_seconds", "idle_seconds")


def later(picture, question):
    future: Future[str] = Future()
    threading.Timer(0.01, future.set_result, [glance(picture, question)]).start()
    return future


JOBS = [
    job(cell("none"), cell("dynamic_negative"), cell("dynamic_negative", negative_scale=6.0), seed=s) for s in (0, 1)
]


def test_counts_are_those_of_the_trials():
    made = run(JOBS, EXACT, later)
    counters, trials = made.counters, [trial for results in made.results for trial in results]
    assert counters.rows == pytest.approx(sum(trial.rows for trial in trials))
    assert counters.rows_alone == sum(trial.rows_alone for trial in trials)
    assert counters.questions_alone == sum(len(trial.exchanges) for trial in trials) == 8
    assert counters.questions == pytest.approx(sum(1 / e.shared_by for trial in trials for e in trial.exchanges))
    assert counters.rows + counters.rows_padded == EXACT.max_rows * counters.ticks
    assert (counters.trials, counters.failed) == (6, 0)
    assert counters.rows < counters.rows_alone and counters.questions < counters.questions_alone
    assert counters.waiting_seconds >= 0.01 * counters.questions
    own = counters.forward_seconds + counters.solver_seconds + counters.decode_seconds
    assert sum(trial.compute_seconds for trial in trials) == pytest.approx(own, rel=1e-6)
    assert set(counters.as_dict()) >= {"ticks", "rows", "questions_reused", *OWN}


def test_without_sharing_rows_are_those_of_separate_runs():
    made = run(JOBS, EngineConfig(EXACT.max_rows, reproducible=True, share=False), later)
    assert made.counters.rows == made.counters.rows_alone and made.counters.forks == 0
    assert made.counters.questions == made.counters.questions_alone


def test_a_stopwatch_adds_up_even_when_its_block_raises():
    counters = Counters()
    timed = Stopwatch(counters, None)
    with pytest.raises(ZeroDivisionError), timed("solver"):
        _ = 1 / 0
    first = counters.solver_seconds
    assert first == timed.last > 0
    with timed("solver"):
        pass
    assert counters.solver_seconds == first + timed.last


def test_the_trace_is_chromes_and_shows_ticks_that_do_not_overlap_with_questions_beside_them(tmp_path):
    trace, path = Trace(), tmp_path / "deep" / "trace.json"
    made = run(JOBS, EXACT, later, trace=trace)
    trace.write(path)
    content = json.loads(path.read_text())
    events = content["traceEvents"]
    assert content["displayTimeUnit"] == "ms" and all({"name", "ph", "ts", "pid", "tid"} <= set(e) for e in events)
    assert all(event["ts"] >= 0 for event in events)

    def spans(*names: str) -> list[tuple[float, float]]:
        return sorted((e["ts"], e["ts"] + e["dur"]) for e in events if e["ph"] == "X" and e["name"] in names)

    ticks, parts = spans("tick"), spans("forward", "solver", "decode")
    for some in (spans("tick", "idle"), parts):
        assert all(left[1] <= right[0] + 1 for left, right in itertools.pairwise(some))  # microseconds
    assert all(any(begun - 1 <= start and end <= ended + 1 for begun, ended in ticks) for start, end in parts)
    forwards = [event["args"] for event in events if event["name"] == "forward"]
    assert len(forwards) == made.counters.ticks and sum(args["rows"] for args in forwards) == made.counters.rows
    assert all(args["rows"] <= args["bucket"] == EXACT.max_rows for args in forwards)

    begun = {event["id"]: event for event in events if event["ph"] == "b"}
    ended = {event["id"]: event for event in events if event["ph"] == "e"}
    assert begun.keys() == ended.keys() and len(begun) == made.counters.questions
    for number, event in begun.items():
        assert ticks[0][0] <= event["ts"] < ended[number]["ts"] <= ticks[-1][1]
        assert event["cat"] == "vlm" and 0 <= event["args"]["step"] < STEPS
    levels = [event["args"] for event in events if event["ph"] == "C"]
    assert {"batched", "parked", "ready"} == set(levels[0]) and max(one["parked"] for one in levels) > 0


def test_a_trace_of_the_first_ticks_writes_itself(tmp_path):
    path = tmp_path / "trace.json"
    run(JOBS, EXACT, later, trace=Trace(ticks=4, path=path))
    events = json.loads(path.read_text())["traceEvents"]
    assert sum(event["name"] == "tick" for event in events) == 4
