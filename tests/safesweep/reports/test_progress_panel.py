"""The panel of a terminal."""

import io

from rich.console import Console

from safesweep.lake.progress import ENGINE_SUMS
from safesweep.reports.progress_panel import progress_panel
from tests.safesweep.reports.test_progress_text import progress


def shown(found) -> list[str]:
    """The panel's lines on a terminal of 80 columns."""
    console = Console(file=io.StringIO(), width=80)
    console.print(progress_panel(found))
    return [line.rstrip() for line in console.file.getvalue().splitlines()]


def test_a_thing_a_line_within_80_columns():
    sums = dict.fromkeys(ENGINE_SUMS, 0.0) | {"steps": 1500, "trials": 90, "failed": 2, "rows": 3000, "seconds": 200.0}
    engines = {**sums, "forward_seconds": 150.0, "parked": 7, "in_flight": 31}
    stored, stepped, *facts = shown(progress(working_since=1020.0, engines=2, sums=engines))
    assert stored.startswith("  trials in the lake   ━") and stored.endswith(" 40% 160 of 400")
    assert stepped.startswith("  steps of the engines ━") and stepped.endswith(" 50% 1,500 of 3,000")
    # 40 % and 50 % of 36
    assert (stored.count("━"), stepped.count("━")) == (14, 18)
    assert facts == [
        "  pictures             90 made, 2 failed; 0.5 trials a second reach the lake",
        "  network              30 rows a second, 75% of the engines' time",
        "  in flight            31 trajectories, 7 of them await the VLM",
        "  time                 2 min, about 2 min left",
    ]


def test_before_the_first_step_nothing_is_claimed():
    assert shown(progress(at=1030.0))[2:] == ["  engines              are starting", "  time                 30 s"]


def test_steps_that_are_made_again_do_not_run_over_and_an_end_has_no_time_left():
    sums = dict.fromkeys(ENGINE_SUMS, 0.0) | {"steps": 3300}
    lines = shown(progress(working_since=1020.0, engines=1, sums=sums, stored=400, at=8200.0))
    assert lines[0].endswith("100% 400 of 400") and lines[1].endswith("100% 3,000 of 3,000")
    assert lines[-1] == "  time                 2.0 h"


def test_a_service_has_a_line_of_its_own():
    sums = dict.fromkeys(ENGINE_SUMS, 0.0) | {"steps": 1500, "trials": 90, "refused": 8, "requests": 97}
    lines = shown(progress(working_since=1020.0, engines=1, sums=sums))
    assert any("service" in line and "97 requests, 82 pictures, 8 refused" in line for line in lines)
    assert not any("network" in line for line in lines)
