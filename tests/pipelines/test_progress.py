"""What a log says of a run that is under way."""

from pipelines.progress import progress_line


def test_the_pace_is_of_what_this_run_made_and_tells_when_the_rest_is_there():
    # 60 trials in 120 s are 0.5 a second; 240 are left: 480 s
    assert (
        progress_line(120.0, rows=160, held=100, expected=400)
        == "  120 s  160 of 400 trials in the lake, 0.5 a second, about 8.0 min left"
    )


def test_without_a_trial_yet_nothing_is_foretold():
    assert progress_line(10.0, rows=40, held=40, expected=80) == "   10 s  40 of 80 trials in the lake, 0.0 a second"
