"""Which prompts are shown, in a contact sheet or a report: a seeded draw that looks at no verdict."""

from typing import NamedTuple

import duckdb

from safesweep.lake.sql import text

_COLUMNS = """
    WITH held AS (
        SELECT prompt_hash, seed, sample_index, prompt_set, any_value(coalesce(categories[1], '')) AS category,
               count(DISTINCT method) AS methods
        FROM {source} SEMI JOIN cells USING (method, cell) GROUP BY prompt_hash, seed, sample_index, prompt_set),
    one AS (
        SELECT *, md5({seed} || prompt_hash) AS draw FROM held
        QUALIFY row_number() OVER (PARTITION BY prompt_hash ORDER BY methods DESC, sample_index, seed, prompt_set) = 1),
    spread AS (
        SELECT *, row_number() OVER (PARTITION BY prompt_set, category ORDER BY methods DESC, draw) AS turn
        FROM one QUALIFY turn <= {columns}),
    mixed AS (
        SELECT *, row_number() OVER (PARTITION BY prompt_set ORDER BY turn, methods DESC, draw) AS place FROM spread)
    SELECT prompt_hash, seed, sample_index, prompt_set, draw FROM mixed
    ORDER BY place, prompt_set, draw LIMIT {columns}"""
"""The columns: one trial a prompt, prompt sets in turn and within a set its categories in turn, each in the order of a
seeded draw, but prompts that more methods have before those that fewer have."""


class Column(NamedTuple):
    """What stands above one another: one prompt with one seed and sample index."""

    prompt_hash: str
    seed: int
    sample_index: int


def choose_columns(opened: duckdb.DuckDBPyConnection, trials: str, columns: int, seed: int) -> dict[Column, str]:
    """Make the table `columns` of a connection that has a table `cells` (method, cell).

    Args:
        opened: of `safesweep.lake.reader.connection`.
        trials: a table or a parenthesised SELECT.
        columns: most columns, 1 or more.
        seed: of the draw.

    Returns:
        Column -> its prompt set, one set after the other.
    """
    query = _COLUMNS.format(source=trials, columns=columns, seed=text(f"{seed} "))
    opened.execute(f"CREATE TEMP TABLE columns AS {query}")
    rows = opened.execute(
        "SELECT prompt_hash, seed, sample_index, prompt_set FROM columns ORDER BY prompt_set, draw"
    ).fetchall()
    return {Column(*key): prompt_set or "" for *key, prompt_set in rows}
