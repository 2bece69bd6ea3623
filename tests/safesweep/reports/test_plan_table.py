"""The plan's table, from plain numbers."""

import io
from dataclasses import dataclass, field
from types import SimpleNamespace

from rich.console import Console

from safesweep.reports.plan_table import plan_table

COUNTS = {"pictures": 3, "rows": 4_000, "rows_alone": 5_000.4, "questions": 6, "questions_alone": 7}
SPEEDS = (
    "diffusion_hours",
    "diffusion_hours_alone",
    "answers_per_second",
    "vlm_replicas",
    "hours",
    "trajectories_in_flight",
    "prompts_in_flight",
)


def case(looks=0, **known):
    return SimpleNamespace(
        work=SimpleNamespace(**{**COUNTS, "looks": looks}), lake_bytes=1_500_000, **{**dict.fromkeys(SPEEDS), **known}
    )


@dataclass
class Run:
    trials: int = 1_200
    prompts: int = 600
    cells: int = 2
    repeated: int = 0
    columns: dict[str, SimpleNamespace] = field(default_factory=lambda: {"least": case(), "most": case()})

    def cases(self):
        return self.columns


def shown(run: Run, **options) -> tuple[list[str], str]:
    """The table's lines, and the caption below it."""
    given = {"actors": 1, "replicas": 2, "found_share": 0.25, "bytes_per_pixel": 1.8, "with_speeds": False}
    console = Console(width=400, record=True, file=io.StringIO())
    console.print(plan_table(run, **{**given, **options}))
    lines = [" ".join(line.split()) for line in console.export_text().splitlines() if line.strip()]
    below = next(place for place, line in enumerate(lines) if line.startswith(f"{run.prompts} prompts in"))
    return lines[:below], " ".join(lines[below:])


def test_without_speeds_there_are_counts_and_the_options_that_give_speeds():
    lines, caption = shown(Run())
    assert lines[0] == "if the VLM's answers are: least most"
    assert lines[2:] == [
        "trials 1,200 1,200",
        "pictures computed, shared ones once 3 3",
        "network rows, with sharing 4,000 4,000",
        "network rows, separate runs 5,000 5,000",
        "questions, with sharing 6 6",
        "questions, separate runs 7 7",
        "lake 1.5 MB 1.5 MB",
    ]
    assert "600 prompts in 2 cells. Expected: the VLM finds something in 25% of the prompts" in caption
    assert "Lake: 1.8 bytes a pixel" in caption and "--plan.rows_per_second" in caption


def test_looks_have_a_line_where_a_gate_looks():
    lines, _ = shown(Run(columns={"least": case(), "most": case(looks=1_200)}))
    assert "previews that gates look at, beside questions 0 1,200" in lines


def test_what_one_case_alone_knows_is_a_dash_in_the_others():
    known = {name: place for place, name in enumerate(SPEEDS, start=1)}
    columns = {"least": case(), "most": case(**known)}
    lines, caption = shown(Run(columns=columns, repeated=1_001), actors=3, with_speeds=True, banner="Miniature")
    assert lines[0] == "Miniature"
    assert lines[-7:] == [
        "hours of 3 diffusion actors – 1.00",
        "… separate runs – 2.00",
        "answers a second that keep them busy – 3.0",
        "VLM replicas that give them – 4",
        "hours with 2 replicas – 5.00",
        "trajectories in flight, an actor – 6",
        "prompts in flight, an actor – 7",
    ]
    assert "2 cells, 1,001 trials repeat a picture, which is made once." in caption
    assert "--plan.rows_per_second" not in caption
