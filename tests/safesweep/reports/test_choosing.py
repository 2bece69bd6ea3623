"""Which prompts are shown: sets in turn, one sample a prompt, and the same at every call."""

import duckdb
import pytest

from safesweep.reports.choosing import choose_columns

HELD = [
    (f"{name}{number}", seed, sample, name, [f"category {number % 2}"], method, method)
    for name, count in (("big", 20), ("small", 3))
    for number in range(count)
    for sample, seed in enumerate((7, 8))
    for method in ("none", "sld")
    if method == "none" or number % 4 == 0
]


@pytest.fixture
def choose():
    def columns(most, seed=0, rows=HELD):
        with duckdb.connect() as opened:
            opened.execute(
                "CREATE TABLE trials (prompt_hash VARCHAR, seed BIGINT, sample_index BIGINT, prompt_set VARCHAR, "
                "categories VARCHAR[], method VARCHAR, cell VARCHAR)"
            )
            opened.executemany("INSERT INTO trials VALUES (?, ?, ?, ?, ?, ?, ?)", rows)
            opened.execute("CREATE TABLE cells AS SELECT DISTINCT method, cell FROM trials")
            return choose_columns(opened, "trials", most, seed)

    return columns


def test_sets_take_turns_and_a_small_one_leaves_its_places_to_the_other(choose):
    for most, big, small in ((2, 1, 1), (5, 3, 2), (9, 6, 3), (40, 20, 3)):
        chosen = list(choose(most).values())
        assert (chosen.count("big"), chosen.count("small")) == (big, small)
        assert chosen == sorted(chosen), "a set's columns stand together"


def test_a_prompt_is_shown_once_with_its_first_sample(choose):
    chosen = choose(40)
    assert len({column.prompt_hash for column in chosen}) == len(chosen) == 23
    assert {(column.seed, column.sample_index) for column in chosen} == {(7, 0)}


def test_prompts_that_more_methods_have_come_first_and_categories_take_turns(choose):
    only_big = [row for row in HELD if row[3] == "big"]
    assert {column.prompt_hash for column in choose(2, rows=only_big)} & {f"big{n}" for n in range(0, 20, 4)}
    numbers = [int(column.prompt_hash[3:]) for column in choose(8, rows=only_big)]
    assert sum(number % 2 for number in numbers) == 4


def test_the_draw_depends_on_its_seed_and_on_nothing_else(choose):
    assert choose(6) == choose(6, rows=HELD[::-1])
    assert len({tuple(choose(6, seed)) for seed in range(5)}) == 5
