"""Values and names in SQL."""

import math
import random

import duckdb
import pytest

from safesweep.lake.sql import exact_sum, is_one_of, number, quoted, text


def ask(expression: str) -> object:
    [(value,)] = duckdb.sql(f"SELECT {expression}").fetchall()
    return value


@pytest.mark.parametrize("value", ["", "it's", "''", 'a "b"', "γ;--", "back\\slash"])
def test_texts_and_names_come_back_as_they_were(value):
    assert ask(text(value)) == value
    if value:
        assert duckdb.sql(f"SELECT 1 AS {quoted(value)}").columns == [value]


@pytest.mark.parametrize("value", [0.1 + 0.2, math.nextafter(0.5, 0), 1e-300, 1.0])
def test_numbers_are_the_very_doubles(value):
    assert ask(number(value)) == value
    assert ask(f"typeof({number(value)})") == "DOUBLE"


def test_one_of():
    rows = "(VALUES ('coco'), ('it''s'), (NULL)) AS t(name)"
    for values, expected in (
        ({"coco"}, [True, False, False]),
        ({"it's", "x"}, [False, True, False]),
        ((), [False] * 3),
    ):
        assert [hit for (hit,) in duckdb.sql(f"SELECT {is_one_of('name', values)} FROM {rows}").fetchall()] == expected


def test_an_exact_sum_is_the_same_in_any_order_and_that_of_the_numbers():
    draw = random.Random(0)
    numbers = [draw.uniform(-1, 1) * 10 ** draw.randint(-6, 4) for _ in range(500)]
    told = set()
    for _ in range(20):
        draw.shuffle(numbers)
        rows = ", ".join(f"({value!r}::DOUBLE)" for value in numbers)
        [(found, part)] = duckdb.sql(
            f"SELECT {exact_sum('x')}, {exact_sum('x', 'x > 0')} FROM (VALUES {rows}, (NULL)) AS t(x)"
        ).fetchall()
        told.add((found, part))
    [(found, part)] = told
    assert found == pytest.approx(math.fsum(numbers), rel=1e-15)
    assert part == pytest.approx(math.fsum(value for value in numbers if value > 0), rel=1e-15)


@pytest.mark.parametrize("value", ["nan", "inf", "-inf"])
def test_an_exact_sum_hides_no_number_that_is_none(value):
    found = ask(f"{exact_sum('x')} FROM (VALUES (1.0::DOUBLE), ('{value}'::DOUBLE)) AS t(x)")
    assert repr(found) == value


def test_an_exact_sum_of_nothing_is_null():
    assert ask(f"{exact_sum('x')} FROM (VALUES (NULL::DOUBLE)) AS t(x)") is None
    assert ask(f"{exact_sum('x', 'x < 0')} FROM (VALUES (1.0::DOUBLE)) AS t(x)") is None
