"""Predicted clean pictures are decoded once for a question and the look that follows it."""

from safesweep.engine.counters import Trace
from tests.safesweep.conftest import answered
from tests.safesweep.tiny import STEPS, cell, job, run
from tests.safesweep.vlm.gates import steady_gate


def decoded(*cells, name="previews") -> int:
    trace = Trace()
    run([job(*cells)], ask=lambda picture, question: answered("a dagger"), trace=trace)
    return sum(event["args"].get(name, 0) for event in trace._events if event["name"] == "decode")


def test_a_look_is_shown_the_questions_picture():
    asking = {"query_steps": (0, 2)}
    following = cell("dynamic_negative", strength={"gate": steady_gate(0.5), "most": 9.0}, **asking)
    assert decoded(cell("dynamic_negative", **asking)) == 2
    assert decoded(following) == STEPS
    # two of one gate on one trajectory share a look's picture, and the look
    other = cell("dynamic_negative", strength={"gate": steady_gate(0.5), "most": 9.0, "decay": 0.5}, **asking)
    assert decoded(following, other) == STEPS
