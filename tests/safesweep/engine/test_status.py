"""Where an engine stands: counts that can be reckoned by hand, while a question is open and at the end."""

import time
from concurrent.futures import Future

from safesweep.engine.config import EngineConfig
from safesweep.engine.engine import Engine
from tests.safesweep.tiny import cell, job, tiny_model


def test_steps_are_counted_once_a_trial_and_levels_are_of_the_moment():
    none, dynamic = cell("none"), cell("dynamic_negative")
    open_questions: list[Future[str]] = []

    def ask(picture, question):
        open_questions.append(Future())
        return open_questions[-1]

    engine = Engine(tiny_model(), EngineConfig(max_rows=8), ask)
    future = engine.submit(job(none, dynamic))
    while not engine.status().parked:
        time.sleep(0.001)
    status = engine.status()
    assert status.in_flight >= 1 and status.questions == 1 and status.waiting == 0 and status.trials < 2
    assert status.steps_in_flight == status.steps - status.trials * none.num_inference_steps > 0
    while not future.done():
        for question in open_questions:
            if not question.done():
                question.set_result("nothing")
        time.sleep(0.001)
    engine.close()
    status = engine.status()
    assert status.steps == none.num_inference_steps + dynamic.num_inference_steps
    assert status.trials == 2 and status.failed == 0 and status.in_flight == status.parked == 0
    assert status.rows == engine.counters.rows and 0 < status.forward_seconds < status.seconds
    assert set(status.as_dict()) >= {"steps", "rows", "parked"}
