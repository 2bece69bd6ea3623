"""What is open at a step comes in an order: a trial's question, then its look, and with both there the step."""

from concurrent.futures import Future

from safesweep.engine.outlook import Outlook
from safesweep.engine.trajectory import LiveTrial, Submission
from safesweep.guidance.edits.base import unedited
from safesweep.guidance.methods.base import Look, negative_plan, positive_plan
from tests.safesweep.tiny import cell, job
from tests.safesweep.vlm.gates import steady_gate

GATE = steady_gate(0.5)
FOLLOWING = cell("dynamic_negative", query_steps=(0, 2), strength={"gate": GATE, "most": 9.0})


def trial(of) -> LiveTrial:
    return LiveTrial(Submission(job(of), Future(), 0.0, [None]), 0, of, unedited("a red circle"), of.guidance.start())


def test_a_question_comes_before_its_look_and_the_look_before_the_step():
    one = trial(FOLLOWING)
    asked = Outlook.of([one], 0)
    assert len(asked.questions) == 1 and not asked.looks and asked.open and not asked.plans
    one.memory, one.answered_step = one.cell.guidance.answered(one.at(0), "a dagger").memory, 0
    looking = Outlook.of([one], 0)
    assert not looking.questions and looking.open == looking.looks == {Look(GATE, positive_plan(one.at(0))): [one]}
    one.look(0, (0.5, 0.0, 0.0))
    step = Outlook.of([one], 0)
    assert not step.open and list(step.plans) == [negative_plan(one.at(0), "dagger", 3.0)]
    assert [(look.step, look.negative_scale) for look in one.looks] == [(0, 3.0)]


def test_a_look_foresees_the_rows_of_the_strength_before_it_and_they_are_the_trials_own():
    one = trial(FOLLOWING)
    one.memory, one.answered_step = one.cell.guidance.answered(one.at(0), "a dagger").memory, 0
    assert "dagger" not in Outlook.of([one], 0).texts, "there was no strength yet"
    one.look(0, (0.5, 0.0, 0.0))
    assert "dagger" in Outlook.of([one], 1).texts
    one.look(1, (0.0, 0.0, 0.0))
    plain = Outlook.of([one], 1)
    assert "dagger" not in plain.texts and list(plain.plans) == [positive_plan(one.at(1))]
    assert plain.charge_alone(1) == one.rows_alone == 3, "the row that turned out to be of no use counts"


def test_one_trials_look_waits_for_no_other_trials_question():
    looking, asking = trial(FOLLOWING), trial(cell("dynamic_negative", query_steps=(1,)))
    looking.memory = looking.cell.guidance.answered(looking.at(0), "a dagger").memory
    both = Outlook.of([looking, asking], 1)
    assert len(both.questions) == len(both.looks) == 1 and [*both.open.values()] == [[asking], [looking]]
