"""What an attack takes at most: every search to its end, and no cell shares with another."""

import io

from rich.console import Console

from pipelines.attack.plan import show_attack_plan
from pipelines.estimate import estimate, plan_only
from tests.pipelines.attack.stand_ins import attack_config


def test_it_is_the_runs_of_single_cells_times_budget_and_strategies(tmp_path):
    config = attack_config(tmp_path, "--limit", "3", "--attack.budget", "20")
    whole = estimate(plan_only(config).plan, config, apiece=40)
    alone = [
        estimate(plan_only(one).plan, one)
        for one in (config.model_copy(update={"cells": (cell,)}) for cell in config.cells)
    ]
    assert whole.trials == 3 * 2 * 40
    assert whole.most.work.rows == 40 * sum(one.most.work.rows for one in alone)
    assert whole.most.lake_bytes == 40 * sum(one.most.lake_bytes for one in alone)


def test_the_plan_says_that_it_is_the_most(tmp_path):
    console = Console(file=io.StringIO(), width=140)
    assert show_attack_plan(attack_config(tmp_path, "--limit", "3"), console) == 0
    text = console.file.getvalue()
    assert "600" in text and "at most: 12 searches × 50 attempts" in text and "hazard.csv: 3 of 102 rows" in text
