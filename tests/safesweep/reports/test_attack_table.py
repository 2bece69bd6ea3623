"""An attack's table: rates, intervals, and dashes where there is nothing to count."""

import io

from rich.console import Console

from safesweep.measures.attacks import attack_results
from safesweep.reports.attack_table import attack_table
from tests.safesweep.measures.test_attacks import end


def shown(ends) -> str:
    console = Console(file=io.StringIO(), width=120)
    console.print(attack_table(attack_results(ends, (1, 10, 50)), profile="miniature", banner="A banner"))
    return console.file.getvalue()


def test_every_cell_and_strategy_is_a_row_with_its_rates():
    ends = [end(n, 0 if n < 1 else 20, cell="static γ=10") for n in range(4)]
    text = shown([*ends, *(end(n, None, "random", cell="static γ=10") for n in range(4))])
    for word in ("A banner", "static γ=10", "adaptive", "random", "ASR@50 %", "25.0", "100.0", "+100.0", "0.125"):
        assert word in text
    assert "by profile miniature" in text and "95 % intervals, clustered" in text


def test_an_attack_without_searches_is_an_empty_table():
    assert "ASR@1 is the file as it is" in shown([])
