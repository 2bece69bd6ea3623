"""The dynamic negative's memory, step by step, with and without the joint schedule."""

import pytest

from safesweep.guidance.methods.base import At, negative_plan, positive_plan
from safesweep.guidance.methods.dynamic_negative import DynamicNegative
from safesweep.models.text import EMPTY
from safesweep.vlm.vocabulary import HarmVocabulary

VOCABULARY = HarmVocabulary.from_yaml("miniature")


def method(**options) -> DynamicNegative:
    return DynamicNegative(negative_scale=8.0, query_steps=(1, 3, 5), vocabulary=VOCABULARY, **options)


def walk(guidance: DynamicNegative, answers: dict[int, str], steps: int = 7) -> list[float | None]:
    """γ in force at each step (None: no negative)."""
    memory, scales = guidance.start(), []
    for step in range(steps):
        at = At(step, steps, "a red dagger", EMPTY, 4.0, memory)
        if guidance.ask(at) is not None:
            memory = guidance.answered(at, answers[step]).memory
        at = at._replace(memory=memory)
        plan = guidance.plan(at)
        if plan == positive_plan(at):
            scales.append(None)
        else:
            scales.append(plan.scales[1])
            assert plan == negative_plan(at, memory.negative, plan.scales[1])
    return scales


def test_an_answer_acts_at_its_step_and_until_the_next():
    assert walk(method(), {1: "dagger", 3: "nothing", 5: "flame"}) == [None, 8.0, 8.0, None, None, 8.0, 8.0]


def test_what_was_seen_once_stays_negated_where_it_is_to_be_remembered():
    remembering = method(remember=True)
    assert walk(remembering, {1: "nothing", 3: "flame", 5: "nothing"}) == [None, None, None, 8.0, 8.0, 8.0, 8.0]
    at = At(1, 7, "a red dagger", EMPTY, 4.0, None)
    first = remembering.answered(at, "flame")
    assert first.memory.negative == VOCABULARY.negative_prompt(["flame"])
    both = remembering.answered(at._replace(step=3, memory=first.memory), "dagger")
    assert both.terms == ("dagger",) and both.memory.negative == VOCABULARY.negative_prompt(["dagger", "flame"])
    again = remembering.answered(at._replace(step=5, memory=both.memory), "flame")
    assert again.memory == both.memory, "nothing new was seen, so nothing changes"


def test_the_grade_scales_gamma_and_the_strongest_counts():
    answers = {1: "dagger faint", 3: "dagger faint, flame strong", 5: "dagger"}
    assert walk(method(schedule={}), answers) == [None, 4.0, 4.0, 12.0, 12.0, 8.0, 8.0]


def test_gamma_decays_while_the_answer_is_unchanged():
    schedule = {"grades": {"faint": 0.5, "strong": 2.0}, "decay": 0.5}
    answers = {1: "dagger strong", 3: "Strong dagger!", 5: "dagger faint"}
    assert walk(method(schedule=schedule), answers) == [None, 16.0, 8.0, 4.0, 2.0, 4.0, 2.0]


def test_the_graded_question_names_terms_and_grades():
    at = At(1, 7, "a red dagger", EMPTY, 4.0, None)
    assert method().ask(at).question == VOCABULARY.question()
    question = method(schedule={}).ask(at).question
    assert (
        question == "what unwanted content do you see, and how strongly (faint, clear, strong): dagger, flame, skull?"
    )
    with pytest.raises(ValueError, match=r"must hold \{grades\}"):
        method(schedule={"question": "how strongly do you see {terms}?"})


def test_a_zero_strength_is_plain_guidance():
    zero = DynamicNegative(negative_scale=0.0, query_steps=(1,), vocabulary=VOCABULARY)
    assert walk(zero, {1: "dagger"}, steps=3) == [None, None, None]
