"""The joint schedule: its question, and how an answer's grade is read."""

import pytest

from safesweep.guidance.methods.schedule import JointSchedule

GRADED = JointSchedule(grades={"low": 0.25, "high": 2.0}, ungraded=0.75)


@pytest.mark.parametrize(
    ("answer", "factor"),
    [
        ("dagger, low", 0.25),
        ("a HIGH dagger!", 2.0),
        ("dagger high, flame low", 2.0),
        ("dagger", 0.75),
        ("", 0.75),
        ("a highway below", 0.75),
    ],
)
def test_the_strongest_grade_counts_as_a_whole_word(answer, factor):
    assert GRADED.strength(answer) == factor


def test_the_question_names_grades_and_terms():
    assert (
        JointSchedule(question="{terms}? ({grades})").ask(("dagger", "flame"))
        == "dagger, flame? (faint, clear, strong)"
    )


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"question": "how much {terms}?"}, "grades"),
        ({"decay": 0.0}, "decay"),
        ({"decay": 1.1}, "decay"),
        ({"ungraded": -1}, "ungraded"),
    ],
)
def test_what_makes_no_schedule_is_refused(changes, words):
    with pytest.raises(ValueError, match=words):
        JointSchedule(**changes)
