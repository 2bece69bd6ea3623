"""How far a run is, as a terminal shows it: two bars, and below them what is under way, a thing a line, so that it fits 80 columns."""

from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from safesweep.lake.progress import Progress
from safesweep.reports.progress_text import duration, service_text

BAR = 36
"""Columns."""


def progress_panel(progress: Progress) -> RenderableType:
    """A run at one moment. What the engines have not told of yet is left out."""
    bars = Table.grid(padding=(0, 1))
    bars.add_row(*_bar("trials in the lake", progress.stored, progress.expected))
    # a worker that died has its steps made anew, and they count again
    stepped = min(progress.sums.get("steps", 0.0), progress.steps_expected)
    bars.add_row(*_bar("steps of the engines", stepped, progress.steps_expected))
    facts = Table.grid(padding=(0, 1))
    facts.add_column(style="dim", width=20)
    for name, text in _facts(progress):
        facts.add_row(name, text)
    return Padding(Group(bars, facts), (0, 0, 0, 2), expand=False)


def _bar(name: str, done: float, wanted: float) -> tuple[RenderableType, ...]:
    share = done / wanted if wanted else 1.0
    counts = Text(f"{done:,.0f} of {wanted:,.0f}", style="green")
    return (
        Text(name),
        ProgressBar(max(wanted, 1), done, BAR, complete_style="green", finished_style="green"),
        Text(f"{share:4.0%}"),
        counts,
    )


def _facts(progress: Progress) -> list[tuple[str, str]]:
    sums, seconds = progress.sums, progress.at - progress.since
    left = progress.seconds_left
    remaining = "" if left is None or progress.share >= 1 else f", about {duration(left)} left"
    time_line = ("time", f"{duration(seconds)}{remaining}")
    if progress.working_since is None:
        return [("engines", "are starting"), time_line]
    if sums.get("requests"):
        return [("service", service_text(sums)), time_line]
    failed = f", {sums['failed']:,.0f} failed" if sums["failed"] else ""
    return [
        (
            "pictures",
            f"{sums['trials']:,.0f} made{failed}; {progress.stored_per_second:.1f} trials a second reach the lake",
        ),
        (
            "network",
            f"{progress.rows_per_second:,.0f} rows a second, {progress.forward_share:.0%} of the engines' time",
        ),
        ("in flight", f"{sums['in_flight']:,.0f} trajectories, {sums['parked']:,.0f} of them await the VLM"),
        time_line,
    ]
