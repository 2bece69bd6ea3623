"""What a run will take as a table for a terminal or a log: one column a supposition about the VLM's answers."""

from collections.abc import Mapping
from typing import Protocol

from rich import filesize
from rich.table import Table

from safesweep.reports.terminal import terminal_table
from safesweep.reports.text import DASH


class PlannedWork(Protocol):
    """What is counted before a run, of all its prompts together."""

    @property
    def pictures(self) -> float:
        """Decoded; trials that share one count once."""

    @property
    def rows(self) -> float:
        """Network rows."""

    @property
    def rows_alone(self) -> float:
        """Network rows that separate runs of every trial would need."""

    @property
    def questions(self) -> float:
        """Asked of the VLM."""

    @property
    def questions_alone(self) -> float:
        """That separate runs of every trial would ask."""

    @property
    def looks(self) -> float:
        """Of gates at previews, without a question."""


class PlannedCase(Protocol):
    """A run under one supposition about the VLM's answers; what no given speed tells is ``None``."""

    @property
    def work(self) -> PlannedWork: ...

    @property
    def lake_bytes(self) -> float: ...

    @property
    def diffusion_hours(self) -> float | None:
        """All diffusion actors busy throughout."""

    @property
    def diffusion_hours_alone(self) -> float | None:
        """The same without sharing."""

    @property
    def answers_per_second(self) -> float | None:
        """What keeps the diffusion actors busy."""

    @property
    def vlm_replicas(self) -> int | None:
        """That give so many answers."""

    @property
    def hours(self) -> float | None:
        """With the configured number of replicas."""

    @property
    def trajectories_in_flight(self) -> int | None:
        """Of one diffusion actor; likewise ``prompts_in_flight``."""

    @property
    def prompts_in_flight(self) -> int | None: ...


class PlannedRun(Protocol):
    """What all of a run's cases have in common."""

    @property
    def trials(self) -> int: ...

    @property
    def prompts(self) -> int:
        """Prompt × sample rows."""

    @property
    def cells(self) -> int: ...

    @property
    def repeated(self) -> int:
        """Trials that several rows ask for, made once."""

    def cases(self) -> Mapping[str, PlannedCase]:
        """Name -> case, in the order of cost."""


def plan_table(
    run: PlannedRun,
    *,
    actors: int,
    replicas: int,
    found_share: float,
    bytes_per_pixel: float,
    with_speeds: bool,
    banner: str | None = None,
) -> Table:
    """One line a quantity, one column a case; quantities that no case knows are left out.

    ``actors``, ``replicas``: the configured diffusion actors and VLM replicas; ``found_share``: of the prompts that are not benign, in
    which the VLM is expected to find something, [0, 1]; ``bytes_per_pixel``: of a picture in the lake; ``with_speeds``: whether speeds were
    given, without which the caption says how to give them.
    """
    caption = _caption(run, found_share, bytes_per_pixel, with_speeds)
    table = terminal_table(caption, banner=banner)
    table.add_column("if the VLM's answers are:")
    for name in run.cases():
        table.add_column(name, justify="right")
    cases = list(run.cases().values())

    def line(label: str, values: list[float | int | None], form: str = ",.0f") -> None:
        if any(value is not None for value in values):
            table.add_row(label, *(DASH if value is None else format(value, form) for value in values))

    table.add_row("trials", *[f"{run.trials:,}"] * len(cases))
    line("pictures computed, shared ones once", [case.work.pictures for case in cases])
    line("network rows, with sharing", [case.work.rows for case in cases])
    line("network rows, separate runs", [case.work.rows_alone for case in cases])
    line("questions, with sharing", [case.work.questions for case in cases])
    line("questions, separate runs", [case.work.questions_alone for case in cases])
    if any(case.work.looks for case in cases):
        line("previews that gates look at, beside questions", [case.work.looks for case in cases])
    table.add_row("lake", *[filesize.decimal(round(case.lake_bytes)) for case in cases])
    line(f"hours of {actors} diffusion actor{'s' * (actors > 1)}", [case.diffusion_hours for case in cases], ",.2f")
    line("… separate runs", [case.diffusion_hours_alone for case in cases], ",.2f")
    line("answers a second that keep them busy", [case.answers_per_second for case in cases], ",.1f")
    line("VLM replicas that give them", [case.vlm_replicas for case in cases], "d")
    line(f"hours with {replicas} replica{'s' * (replicas > 1)}", [case.hours for case in cases], ",.2f")
    line("trajectories in flight, an actor", [case.trajectories_in_flight for case in cases], "d")
    line("prompts in flight, an actor", [case.prompts_in_flight for case in cases], "d")
    return table


def _caption(run: PlannedRun, found_share: float, bytes_per_pixel: float, with_speeds: bool) -> str:
    prompts = f"{run.prompts:,} prompts in {run.cells} cells"
    repeated = f", {run.repeated:,} trials repeat a picture, which is made once" if run.repeated else ""
    parts = [
        f"{prompts}{repeated}. Expected: the VLM finds something in {found_share:.0%} of the prompts that are not benign.",
        f"Lake: {bytes_per_pixel:g} bytes a pixel of a picture; every trial keeps its own, shared or not.",
    ]
    if not with_speeds:
        parts.append("Hours and replicas: give --plan.rows_per_second and --plan.vlm_answers_per_second_per_replica.")
    return " ".join(parts)
