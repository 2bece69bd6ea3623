"""Values and names in SQL."""

import math

import duckdb
import pytest

from safesweep.lake.sql import is_one_of, number, quoted, text


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
