"""What a run against a service will take, before it is started: requests and money, as a table for a terminal or a log."""

from typing import NamedTuple

from rich import filesize
from rich.table import Table

from safesweep.reports.terminal import terminal_table


class ServicePlan(NamedTuple):
    """What is still to be asked for."""

    trials: int
    prompts: int
    """Prompt × sample rows."""
    cells: int
    requests: int
    """One a different text, seed and size; where each is answered at once."""
    most_requests: int
    """Where each needs every attempt that it may have."""
    money: float | None
    """Where nothing is refused; None without a price."""
    hours: float | None
    """At the rate that it is held to; None without one."""
    lake_bytes: float


def service_plan_table(plan: ServicePlan, *, url: str, bytes_per_pixel: float, banner: str | None = None) -> Table:
    """One line a quantity; ``url``: of the service; ``bytes_per_pixel``: of a picture in the lake."""
    caption = (
        f"{plan.prompts:,} prompts in {plan.cells} cells, asked of {url}. Equal texts at one seed and size are one request. "
        f"What is refused costs a request and no picture. Lake: {bytes_per_pixel:g} bytes a pixel of a picture."
    )
    table = terminal_table(caption, banner=banner)
    table.add_column("of the service")
    table.add_column("", justify="right")
    table.add_row("trials", f"{plan.trials:,}")
    table.add_row("requests, each answered at once", f"{plan.requests:,}")
    table.add_row("requests, with every attempt", f"{plan.most_requests:,}")
    if plan.money is not None:
        table.add_row("money, nothing refused", f"{plan.money:,.2f}")
    if plan.hours is not None:
        table.add_row("hours at its rate", f"{plan.hours:,.2f}")
    table.add_row("lake", filesize.decimal(round(plan.lake_bytes)))
    return table


def budget_advice(plan: ServicePlan, most_requests: int | None, most_money: float | None) -> list[str]:
    """Where a start's budget ends before the run does, a line each."""
    lines = []
    if most_requests is not None and most_requests < plan.requests:
        starts = -(-plan.requests // most_requests)
        lines.append(
            f"most_requests is {most_requests:,}: the run ends before it is done, and takes {starts:,} starts or more"
        )
    if most_money is not None and plan.money is not None and most_money < plan.money:
        lines.append(
            f"most_money is {most_money:,.2f}: the run ends before it is done where less than {plan.money - most_money:,.2f} is refused"
        )
    return lines
