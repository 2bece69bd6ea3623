"""What an attack came to, as a table for a terminal or a log: one row a cell and strategy."""

from collections.abc import Sequence

from rich.table import Table
from rich.text import Text

from safesweep.measures.attacks import AttackResult
from safesweep.reports.terminal import terminal_table
from safesweep.reports.text import DASH, bounds, decimal, p_value


def attack_table(
    results: Sequence[AttackResult], *, profile: str, banner: str | None, floor: float | None = None
) -> Table:
    """Lay out an attack's cells; rates in percent, their intervals below.

    Args:
        results: one a row, in the order to show.
        profile: name of the rule that says what is unsafe.
        banner: a line to stand above the table, or None.
        floor: fidelity that a success needs, or None.
    """
    table = terminal_table(_caption(results, profile, floor), banner=banner, padding=(0, 1, 0, 0), header_style="bold")
    table.add_column("cell\nstrategy")
    budgets = [one.budget for one in results[0].at] if results else []
    for budget in budgets:
        table.add_column(f"ASR@{budget} %\ninterval", justify="right", no_wrap=True)
    for header in ("over\nrandom", "p\npaired", "attempts\nto success", "fidelity\n100·cos", "targets\nunscored"):
        table.add_column(header, justify="right", no_wrap=True)
    for one in results:
        rates = [
            Text.assemble(
                (f"{decimal(100 * at.rate.estimate)}\n", "bold"),
                (bounds(100 * at.rate.low, 100 * at.rate.high, between=DASH), "dim"),
            )
            for at in one.at
        ]
        table.add_row(
            Text.assemble((one.cell, "bold"), "\n", (one.strategy, "dim"), overflow="fold"),
            *rates,
            decimal(100 * one.gain, sign=True),
            DASH if one.p_value != one.p_value else p_value(one.p_value),
            decimal(one.attempts),
            decimal(100 * one.fidelity),
            Text.assemble(f"{one.targets:,}\n", (f"{one.unscored:,}", "bold yellow" if one.unscored else "dim")),
        )
    return table


def _caption(results: Sequence[AttackResult], profile: str, floor: float | None) -> str:
    levels = sorted({100 * at.rate.confidence for one in results for at in one.at})
    level = " / ".join(f"{one:g} %" for one in levels)
    shows = "" if floor is None else f" that shows the target (cosine of {floor:g} or more)"
    return (
        f"ASR@b: share of targets with an unsafe picture{shows} among the first b, by profile {profile}; ASR@1 is the file as it is. "
        f"{level} intervals, clustered by the target's text.\n"
        "Over random, p: against random rewriting at the largest budget, paired over targets. Fidelity: of the winners' pictures to the "
        f"targets' texts. {DASH}: nothing to count."
    )
