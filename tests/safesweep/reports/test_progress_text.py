"""A run's progress in words."""

import pytest

from safesweep.lake.progress import ENGINE_SUMS, Progress
from safesweep.reports.progress_text import duration, progress_line, service_text, speculation_text


def progress(**changes) -> Progress:
    given = {"since": 1000.0, "at": 1120.0, "expected": 400, "before": 100, "stored": 160, "steps_expected": 3000}
    return Progress(**{**given, **changes})


def test_the_pace_is_of_what_this_start_made():
    assert progress_line(progress()) == "  120 s  160 of 400 trials in the lake, 0.5 a second"


def test_engines_and_what_is_left_are_told_from_the_first_step_on():
    sums = dict.fromkeys(ENGINE_SUMS, 0.0) | {"steps": 1500, "trials": 90, "failed": 2, "rows": 3000, "seconds": 200.0}
    said = progress_line(
        progress(working_since=1020.0, engines=2, sums={**sums, "forward_seconds": 150.0, "parked": 7})
    )
    # half of the steps in 100 s
    assert said == (
        "  120 s  160 of 400 trials in the lake, 0.5 a second; 50% of the steps, 90 pictures made (2 failed), 30 rows a second, "
        "75% of the time in the network, 7 await the VLM; about 2 min left"
    )


def test_at_the_end_nothing_is_left():
    sums = dict.fromkeys(ENGINE_SUMS, 0.0) | {"steps": 3000}
    assert "left" not in progress_line(progress(working_since=1020.0, engines=1, sums=sums, stored=400))


def test_supposed_answers_are_told_of_where_there_were_some():
    sums = dict.fromkeys(ENGINE_SUMS, 0.0)
    assert speculation_text(sums) == speculation_text({}) == ""
    sums |= {"questions": 1120, "questions_supposed": 412, "questions_confirmed": 351}
    sums |= {"rows": 9340, "rows_supposed": 3104, "rows_in_vain": 209.6}
    assert speculation_text(sums) == (
        "412 of 1,120 questions and 3,104 of 9,340 network rows rested on supposed answers; 61 and 210 of them in vain"
    )


def test_of_a_service_requests_and_refusals_are_told():
    sums = dict.fromkeys(ENGINE_SUMS, 0.0) | {"steps": 1500, "trials": 90, "failed": 2, "refused": 8, "requests": 97}
    said = progress_line(progress(working_since=1020.0, engines=1, sums={**sums, "in_flight": 4, "money": 3.2}))
    assert "; 97 requests, 80 pictures, 8 refused, 2 failed, 4 under way, 3.20 spent; about" in said
    assert "spent" not in service_text(sums) and "network" not in said


@pytest.mark.parametrize(
    ("seconds", "text"), [(0, "0 s"), (75, "75 s"), (720, "12 min"), (27000, "7.5 h"), (1_400_000, "16 days")]
)
def test_a_duration_is_in_the_unit_a_person_would_take(seconds, text):
    assert duration(seconds) == text
