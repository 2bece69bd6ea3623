"""Searches over a lake: what it holds is not made again, and a killed attack ends as one that was not killed."""

import asyncio
from collections import Counter

import pytest

from pipelines.attack.history import History
from pipelines.attack.searches import Attempts, PlannedSearch, planned_searches, run_search
from pipelines.attack.trials import AttackTrials
from pipelines.plan import make_plan
from pipelines.prompt_sets import read_prompt_sets
from safesweep.lake.attempts import read_attempts
from safesweep.lake.parquet_files import read_table
from safesweep.lake.store import RunStore
from safesweep.measures.profiles import get_profile
from tests.pipelines.attack.stand_ins import OPERATORS_HERE, KilledError, Worked, attack_config, names_of, target

PROFILE = get_profile("miniature")


def searches(count: int = 3) -> list[PlannedSearch]:
    return [
        PlannedSearch(target(row), cell, f"cell {cell}", strategy, f"{row} {cell} {strategy}")
        for row in range(count)
        for cell in range(2)
        for strategy in ("adaptive", "random")
    ]


def attack(lake, worked: Worked, which=None):
    """One start: what was made by its end or its death is in the lake as far as it was saved."""
    config = attack_config(lake)
    store = RunStore(lake, "r")
    trials = AttackTrials(store, PROFILE)
    attempts = Attempts(names_of(config), trials, worked.workers(), History(read_attempts(lake, "r").to_pylist()))

    async def all_of_them():
        async with asyncio.TaskGroup() as group:
            tasks = [
                group.create_task(run_search(one, attempts, OPERATORS_HERE, config.attack))
                for one in which or searches()
            ]
        return [task.result() for task in tasks]

    try:
        found = asyncio.run(all_of_them())
    except* KilledError:
        found = None
    trials.write()
    if found is None:
        return None
    return [([one.proposal for one in search.attempts], search.success) for search in found]


def held(lake) -> Counter[str]:
    found: Counter[str] = Counter()
    for path in RunStore(lake, "r").files():
        found.update(read_table(path, ["trial_id"])["trial_id"].to_pylist())
    return found


def test_killed_again_and_again_it_ends_with_the_same_winners(tmp_path):
    whole = attack(tmp_path / "whole", Worked())
    made = 0
    for death in (1, 40, 77, 30):
        worked = Worked(dies_after=death)
        assert attack(tmp_path / "killed", worked) is None
        made += len(worked.made)
    last = Worked()
    assert attack(tmp_path / "killed", last) == whole
    assert made > 100 and last.made, "it was killed in its middle"
    assert held(tmp_path / "killed") == held(tmp_path / "whole")
    assert set(held(tmp_path / "killed").values()) == {1}
    rows = [read_attempts(tmp_path / lake, "r").to_pylist() for lake in ("killed", "whole")]
    assert rows[0] == rows[1] and len(rows[0]) == sum(len(proposals) for proposals, _ in whole)


def test_an_attack_that_ended_makes_nothing_when_it_is_started_again(tmp_path):
    whole = attack(tmp_path, Worked())
    again = Worked()
    assert attack(tmp_path, again) == whole
    assert again.made == [] and again.measured == []


def test_a_trial_that_several_searches_ask_for_is_made_once(tmp_path):
    worked = Worked()
    attack(tmp_path, worked)
    assert len(worked.made) == len(set(worked.made))
    rows = read_attempts(tmp_path, "r").to_pylist()
    firsts = [row for row in rows if row["attempt"] == 0]
    assert len(firsts) == 12 and len({row["trial_id"] for row in firsts}) == 6, "both strategies begin with the target"


def test_a_trial_of_another_target_is_measured_against_this_one(tmp_path):
    one, other = (
        PlannedSearch(target(0, text), 0, "cell 0", "random", key) for text, key in (("w50", "a"), ("w51", "b"))
    )
    worked = Worked()
    attack(tmp_path, worked, [one])
    trial = next(iter(held(tmp_path)))
    trials = AttackTrials(RunStore(tmp_path, "r"), PROFILE)
    attempts = Attempts(names_of(attack_config(tmp_path)), trials, worked.workers(), History(()))
    worked.measured.clear()
    assert asyncio.run(attempts._fidelity_of(trial, other.target.text)) == 0.1
    assert worked.measured == [(trial, "w51")] and worked.made.count(trial) == 1


def test_every_attempt_names_its_parents_and_its_trial(tmp_path):
    attack(tmp_path, Worked(), searches(1))
    rows = read_attempts(tmp_path, "r").to_pylist()
    by_place = {(row["search"], row["attempt"]): row for row in rows}
    assert {row["run_id"] for row in rows} == {"r"} and set(held(tmp_path)) == {row["trial_id"] for row in rows}
    for row in rows:
        if not row["parents"]:
            assert row["attempt"] == 0 and row["parent_trial_id"] is None and row["prompt"] == row["target_prompt"]
            continue
        parents = [by_place[row["search"], place] for place in row["parents"]]
        assert row["parent_trial_id"] == parents[0]["trial_id"]
        assert all(parent["generation"] < row["generation"] for parent in parents)


def test_pictures_that_cannot_be_made_end_no_search(tmp_path):
    worked = Worked(fails=frozenset({"w00 w01 w02"}))
    [(proposals, success)] = attack(tmp_path, worked, searches(1)[:1])
    assert success is not None or len(proposals) == 50
    assert len({one.candidate.text for one in proposals}) > 5


@pytest.mark.parametrize(("options", "cells"), [((), 2), (("--attack.strategies", '["adaptive"]'), 2)])
def test_every_target_is_searched_in_every_cell_by_every_strategy(tmp_path, options, cells):
    config = attack_config(tmp_path, "--limit", "3", *options)
    plan = make_plan(config, read_prompt_sets(config), config.expand_cells(), digest_of=lambda *_: "d")
    found = list(planned_searches(plan, config.attack))
    assert len(found) == 3 * cells * len(config.attack.strategies) == len({one.name for one in found})
    again = list(planned_searches(plan, attack_config(tmp_path, "--attack.seed", "1").attack))
    assert not {one.key for one in found} & {one.key for one in again}
